"""Outboxes beside plain lists: one record a client, the newest, in the order of waiting."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from herd.core.flood import Flood, Outbox
from herd.core.record import make_line, origin_prefix
from tests.core.strategies import NOW_NS, order

NEIGHBORS = ("Ball", "Hamilton", "Welsh")
IDS = st.sampled_from([b"a", b"b", b"c", b"d"])
ORIGINS = st.sampled_from(["Alford", "Ball", "Hamilton"])
SIZE = len(b"AT Alford +1479413883.655887836 kiwi +34-118 1")


def record(client_id: bytes = b"kiwi", time: int = 1, origin: str = "Alford") -> bytes:
    return make_line(origin_prefix(origin), NOW_NS, client_id, b"+34-118", b"%d" % time)


def open_outbox(*records: tuple[bytes, bytes]) -> Outbox:
    outbox = Outbox()
    outbox.open()
    outbox.put(dict(records))
    return outbox


class FloodMachine(RuleBasedStateMachine):
    """Outboxes beside lists of (client id, AT line) in the order of waiting; None stands for a closed one.

    They begin open: a run that must open each first does little else.
    """

    def __init__(self) -> None:
        super().__init__()
        self.flood = Flood(NEIGHBORS)
        self.model: dict[str, list[tuple[bytes, bytes]] | None] = {name: [] for name in NEIGHBORS}
        for outbox in self.flood.outboxes.values():
            outbox.open()
        self.time = 0

    @rule(neighbor=st.sampled_from(NEIGHBORS))
    def open(self, neighbor: str) -> None:
        self.flood.outboxes[neighbor].open()
        if self.model[neighbor] is None:
            self.model[neighbor] = []

    @rule(neighbor=st.sampled_from(NEIGHBORS))
    def close(self, neighbor: str) -> None:
        self.flood.outboxes[neighbor].close()
        self.model[neighbor] = None

    @rule(
        clients=st.lists(IDS, unique=True, max_size=3),
        source=st.one_of(st.none(), st.sampled_from(NEIGHBORS)),
        origin=ORIGINS,
    )
    def publish(self, clients: list[bytes], source: str | None, origin: str) -> None:
        self.time += 1
        records = {client_id: record(client_id, self.time, origin) for client_id in clients}
        self.flood.publish(records, source)
        for neighbor in NEIGHBORS:
            if neighbor != source:
                for client_id, line in records.items():
                    self.queue(neighbor, client_id, line)

    @rule(neighbor=st.sampled_from(NEIGHBORS), client_id=IDS, ago=st.integers(-1, 3), origin=ORIGINS)
    def put_if_newer(self, neighbor: str, client_id: bytes, ago: int, origin: str) -> None:
        line = record(client_id, max(0, self.time - ago), origin)
        self.flood.outboxes[neighbor].put_if_newer({client_id: line})
        waiting = dict(self.model[neighbor] or ()).get(client_id)
        if waiting is None or order(line) > order(waiting):
            self.queue(neighbor, client_id, line)
        self.time += 1  # what is published later is newer than this

    def queue(self, neighbor: str, client_id: bytes, line: bytes) -> None:
        queue = self.model[neighbor]
        if queue is None:
            return
        places = [place for place, (waiting_id, _) in enumerate(queue) if waiting_id == client_id]
        if places:
            queue[places[0]] = client_id, line
        else:
            queue.append((client_id, line))

    @rule(neighbor=st.sampled_from(NEIGHBORS), client_id=IDS, ago=st.integers(-1, 3), origin=ORIGINS)
    def forget(self, neighbor: str, client_id: bytes, ago: int, origin: str) -> None:
        line = record(client_id, max(0, self.time - ago), origin)
        self.flood.outboxes[neighbor].forget(client_id, line)
        queue = self.model[neighbor]
        if queue is not None:
            queue[:] = [(each, old) for each, old in queue if each != client_id or order(old) > order(line)]

    @rule(neighbor=st.sampled_from(NEIGHBORS), max_bytes=st.integers(0, 5 * SIZE))
    def take(self, neighbor: str, max_bytes: int) -> None:
        taken = self.flood.outboxes[neighbor].take(max_bytes)
        queue = self.model[neighbor] or []
        assert taken == [line for _, line in queue[: len(taken)]]
        del queue[: len(taken)]
        if queue:
            assert taken
            assert sum(map(len, taken)) >= max_bytes
        assert sum(map(len, taken[:-1])) < max(max_bytes, 1)

    @invariant()
    def they_hold_the_same(self) -> None:
        for neighbor, outbox in self.flood.outboxes.items():
            queue = self.model[neighbor]
            assert outbox.is_open == (queue is not None)
            assert len(outbox) == len(queue or ())
            clients = [client_id for client_id, _ in queue or ()]
            assert sorted(set(clients)) == sorted(clients)

    def teardown(self) -> None:
        for neighbor, outbox in self.flood.outboxes.items():
            assert outbox.take(10**9) == [line for _, line in self.model[neighbor] or ()]


TestFlood = FloodMachine.TestCase
TestFlood.settings = settings(stateful_step_count=40)


def test_a_newer_report_takes_the_place_of_the_one_that_waits() -> None:
    outbox = open_outbox((b"a", record(b"a", 1)), (b"b", record(b"b", 1)))
    outbox.put({b"a": record(b"a", 2)})
    assert len(outbox) == 2
    assert outbox.take(10**9) == [record(b"a", 2), record(b"b", 1)]
    assert len(outbox) == 0


def test_a_client_whose_record_was_taken_waits_at_the_end_again() -> None:
    outbox = open_outbox((b"a", record(b"a", 1)), (b"b", record(b"b", 1)))
    assert outbox.take(1) == [record(b"a", 1)]
    outbox.put({b"a": record(b"a", 2)})
    assert outbox.take(10**9) == [record(b"b", 1), record(b"a", 2)]


def test_a_stuck_neighbor_costs_one_record_for_each_client() -> None:
    outbox = open_outbox()
    for time in range(1000):
        outbox.put({b"a": record(b"a", time), b"b": record(b"b", time)})
    assert len(outbox) == 2
    assert outbox.take(10**9) == [record(b"a", 999), record(b"b", 999)]


def test_take_gives_one_record_at_least_and_stops_at_the_size() -> None:
    lines = [record(b"%d" % number) for number in range(5)]
    outbox = open_outbox(*((line.split(b" ")[3], line) for line in lines))
    size = len(lines[0])
    assert outbox.take(0) == lines[:1]
    assert outbox.take(size) == lines[1:2]
    assert outbox.take(size + 1) == lines[2:4]
    assert outbox.take(10 * size) == lines[4:]
    assert outbox.take(10 * size) == []


def test_what_the_neighbor_has_is_forgotten_unless_ours_is_newer() -> None:
    line = record(time=2, origin="Ball")
    outbox = open_outbox((b"kiwi", line))
    outbox.forget(b"kiwi", record(time=1, origin="Welsh"))
    outbox.forget(b"kiwi", record(time=2, origin="Alford"))
    outbox.forget(b"other", record(b"other", 3))
    assert len(outbox) == 1
    outbox.forget(b"kiwi", line)
    assert len(outbox) == 0
    outbox.put({b"kiwi": line})
    outbox.forget(b"kiwi", record(time=2, origin="Welsh"))
    assert len(outbox) == 0


def test_catching_up_puts_nothing_in_place_of_what_is_newer_and_waits() -> None:
    outbox = open_outbox((b"kiwi", record(time=2, origin="Ball")))
    for older in (record(time=1, origin="Welsh"), record(time=2, origin="Alford")):
        outbox.put_if_newer({b"kiwi": older, b"goat": record(b"goat")})
        assert outbox.take(10**9) == [record(time=2, origin="Ball"), record(b"goat")]
        outbox.put({b"kiwi": record(time=2, origin="Ball")})
    outbox.put_if_newer({b"kiwi": record(time=2, origin="Hamilton")})
    assert outbox.take(10**9) == [record(time=2, origin="Hamilton")]


def test_a_closed_outbox_holds_nothing() -> None:
    outbox = Outbox()
    outbox.put({b"kiwi": record()})
    outbox.put_if_newer({b"kiwi": record()})
    assert (outbox.is_open, len(outbox), outbox.take(10**9)) == (False, 0, [])
    outbox.open()
    outbox.put({b"kiwi": record()})
    outbox.close()
    outbox.open()
    assert outbox.take(10**9) == []


def test_a_record_goes_to_every_neighbor_but_its_source() -> None:
    flood = Flood(NEIGHBORS)
    for outbox in flood.outboxes.values():
        outbox.open()
    flood.publish({b"a": record(b"a")}, None)
    flood.publish({b"b": record(b"b")}, "Hamilton")
    assert {neighbor: outbox.take(10**9) for neighbor, outbox in flood.outboxes.items()} == {
        "Ball": [record(b"a"), record(b"b")],
        "Hamilton": [record(b"a")],
        "Welsh": [record(b"a"), record(b"b")],
    }
