"""The outboxes of both cores beside a list: one record a client, the newest, in the order of waiting."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from herd.core import native
from herd.core.limits import Limits
from herd.core.outbox import Outbox
from herd.core.record import make_line, origin_prefix
from tests.core.strategies import NOW_NS, order

Kind: TypeAlias = type[Outbox]

CORES = {"pure": Outbox, native.CORE: native.Outbox}
IDS = st.sampled_from([b"a", b"b", b"c", b"d", b"plumless", b"buckeroo"])
"""The last two have the same checksum."""
ORIGINS = st.sampled_from(["Alford", "Ball", "Hamilton"])
SIZE = len(b"AT Alford +1479413883.655887836 kiwi +34-118 1")


def record(client_id: bytes = b"kiwi", time: int = 1, origin: str = "Alford") -> bytes:
    return make_line(origin_prefix(origin), NOW_NS, client_id, b"+34-118", b"%d" % time)


@pytest.fixture(params=CORES)
def core(request: pytest.FixtureRequest) -> Kind:
    """Give the kind of outbox that each core has."""
    return CORES[request.param]


def open_outbox(core: Kind, *records: tuple[bytes, bytes]) -> Outbox:
    outbox = core()
    outbox.open()
    outbox.put(dict(records))
    return outbox


class OutboxMachine(RuleBasedStateMachine):
    """An outbox of each core beside a list of (client id, AT line); None stands for a closed one.

    They begin open: a run that must open them first does little else.
    """

    def __init__(self) -> None:
        super().__init__()
        self.outboxes = [open_outbox(kind) for kind in CORES.values()]
        self.model: list[tuple[bytes, bytes]] | None = []
        self.time = 0

    @rule()
    def open(self) -> None:
        for outbox in self.outboxes:
            outbox.open()
        if self.model is None:
            self.model = []

    @rule()
    def close(self) -> None:
        for outbox in self.outboxes:
            outbox.close()
        self.model = None

    @rule(clients=st.lists(IDS, unique=True, max_size=4), origin=ORIGINS)
    def put(self, clients: list[bytes], origin: str) -> None:
        self.time += 1
        records = {client_id: record(client_id, self.time, origin) for client_id in clients}
        for outbox in self.outboxes:
            outbox.put(records)
        for client_id, line in records.items():
            self.queue(client_id, line)

    @rule(client_id=IDS, ago=st.integers(-1, 3), origin=ORIGINS)
    def put_if_newer(self, client_id: bytes, ago: int, origin: str) -> None:
        line = record(client_id, max(0, self.time - ago), origin)
        for outbox in self.outboxes:
            outbox.put_if_newer({client_id: line})
        waiting = dict(self.model or ()).get(client_id)
        if waiting is None or order(line) > order(waiting):
            self.queue(client_id, line)
        self.time += 1  # what is put later is newer than this

    def queue(self, client_id: bytes, line: bytes) -> None:
        if self.model is None:
            return
        places = [place for place, (waiting_id, _) in enumerate(self.model) if waiting_id == client_id]
        if places:
            self.model[places[0]] = client_id, line
        else:
            self.model.append((client_id, line))

    @rule(client_id=IDS, ago=st.integers(-1, 3), origin=ORIGINS)
    def forget(self, client_id: bytes, ago: int, origin: str) -> None:
        line = record(client_id, max(0, self.time - ago), origin)
        for outbox in self.outboxes:
            outbox.forget(client_id, line)
        if self.model is not None:
            self.model[:] = [
                (each, old) for each, old in self.model if each != client_id or order(old) > order(line)
            ]

    @rule(max_bytes=st.integers(0, 5 * SIZE))
    def take(self, max_bytes: int) -> None:
        expected = self.expect(max_bytes)
        for outbox in self.outboxes:
            assert outbox.take(max_bytes) == expected

    @rule(max_bytes=st.integers(0, 5 * SIZE))
    def take_joined(self, max_bytes: int) -> None:
        expected = self.expect(max_bytes)
        joined = b"".join(line + b"\n" for line in expected)
        for outbox in self.outboxes:
            assert outbox.take_joined(max_bytes) == (len(expected), joined)

    def expect(self, max_bytes: int) -> list[bytes]:
        """Take from the model: until there are so many bytes, and one at least."""
        taken: list[bytes] = []
        while self.model and (not taken or sum(map(len, taken)) < max_bytes):
            taken.append(self.model.pop(0)[1])
        return taken

    @invariant()
    def they_hold_as_many(self) -> None:
        for outbox in self.outboxes:
            assert outbox.is_open == (self.model is not None)
            assert len(outbox) == len(self.model or ())

    def teardown(self) -> None:
        for outbox in self.outboxes:
            assert outbox.take(10**9) == [line for _, line in self.model or ()]


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(stateful_step_count=40)


def test_a_newer_report_takes_the_place_of_the_one_that_waits(core: Kind) -> None:
    outbox = open_outbox(core, (b"a", record(b"a", 1)), (b"b", record(b"b", 1)))
    outbox.put({b"a": record(b"a", 2)})
    assert len(outbox) == 2
    assert outbox.take(10**9) == [record(b"a", 2), record(b"b", 1)]
    assert len(outbox) == 0


def test_a_client_whose_record_was_taken_waits_at_the_end_again(core: Kind) -> None:
    outbox = open_outbox(core, (b"a", record(b"a", 1)), (b"b", record(b"b", 1)))
    assert outbox.take(1) == [record(b"a", 1)]
    outbox.put({b"a": record(b"a", 2)})
    assert outbox.take(10**9) == [record(b"b", 1), record(b"a", 2)]


def test_a_stuck_neighbor_costs_one_record_for_each_client(core: Kind) -> None:
    outbox = open_outbox(core)
    for time in range(1000):
        outbox.put({b"a": record(b"a", time), b"b": record(b"b", time)})
    assert len(outbox) == 2
    assert outbox.take(10**9) == [record(b"a", 999), record(b"b", 999)]


def test_take_gives_one_record_at_least_and_stops_at_the_size(core: Kind) -> None:
    lines = [record(b"%d" % number) for number in range(5)]
    outbox = open_outbox(core, *((line.split(b" ")[3], line) for line in lines))
    size = len(lines[0])
    assert outbox.take(0) == lines[:1]
    assert outbox.take(size) == lines[1:2]
    assert outbox.take(size + 1) == lines[2:4]
    assert outbox.take(10 * size) == lines[4:]
    assert outbox.take(10 * size) == []


def test_what_the_neighbor_has_is_forgotten_unless_ours_is_newer(core: Kind) -> None:
    line = record(time=2, origin="Ball")
    outbox = open_outbox(core, (b"kiwi", line))
    outbox.forget(b"kiwi", record(time=1, origin="Welsh"))
    outbox.forget(b"kiwi", record(time=2, origin="Alford"))
    outbox.forget(b"other", record(b"other", 3))
    assert len(outbox) == 1
    outbox.forget(b"kiwi", line)
    assert len(outbox) == 0
    outbox.put({b"kiwi": line})
    outbox.forget(b"kiwi", record(time=2, origin="Welsh"))
    assert len(outbox) == 0


def test_catching_up_puts_nothing_in_place_of_what_is_newer_and_waits(core: Kind) -> None:
    outbox = open_outbox(core, (b"kiwi", record(time=2, origin="Ball")))
    for older in (record(time=1, origin="Welsh"), record(time=2, origin="Alford")):
        outbox.put_if_newer({b"kiwi": older, b"goat": record(b"goat")})
        assert outbox.take(10**9) == [record(time=2, origin="Ball"), record(b"goat")]
        outbox.put({b"kiwi": record(time=2, origin="Ball")})
    outbox.put_if_newer({b"kiwi": record(time=2, origin="Hamilton")})
    assert outbox.take(10**9) == [record(time=2, origin="Hamilton")]


def test_a_closed_outbox_holds_nothing(core: Kind) -> None:
    outbox = core()
    outbox.put({b"kiwi": record()})
    outbox.put_if_newer({b"kiwi": record()})
    assert (outbox.is_open, len(outbox), outbox.take(10**9)) == (False, 0, [])
    outbox.open()
    outbox.put({b"kiwi": record()})
    outbox.close()
    outbox.open()
    assert outbox.take(10**9) == []


def test_thousands_wait_in_order_whatever_is_forgotten_among_them(core: Kind) -> None:
    ids = [b"%04d" % number for number in range(10_000)]
    outbox = open_outbox(core, *((client_id, record(client_id)) for client_id in ids))
    for client_id in ids[::2]:
        outbox.forget(client_id, record(client_id))
    outbox.put({b"0000": record(b"0000", 2), b"0001": record(b"0001", 2)})
    waiting = [record(b"0001", 2), *map(record, ids[3::2]), record(b"0000", 2)]
    assert outbox.take(50 * SIZE) == waiting[:50]
    newest = [record(client_id, 3) for client_id in ids[:100]]
    outbox.put(dict(zip(ids, newest, strict=False)))
    assert outbox.take(10**9) == waiting[50:-1] + newest
    assert len(outbox) == 0


def test_a_record_waits_as_it_was_though_the_cache_has_a_newer_one_or_none() -> None:
    cache, outbox = native.Cache(Limits(clients_held=1)), open_outbox(native.Outbox)
    lines = []
    for client_id, now_ns in ((b"kiwi", NOW_NS - 1), (b"goat", NOW_NS)):
        report = b"IAMAT %b +1+1 1.000000000\n" % client_id
        assert native.ingest(cache, report, b"AT Alford ", now_ns, 20, (outbox,)) is not None
        lines.append(cache.peek(client_id))
    assert cache.peek(b"kiwi") is None
    newer = b"IAMAT goat +2+2 2.000000000\n"
    assert native.ingest(cache, newer, b"AT Alford ", NOW_NS, 20, ()) is not None
    assert cache.peek(b"goat") != lines[1]
    assert outbox.take(10**9) == lines


def test_news_is_owed_to_open_outboxes_alone() -> None:
    cache, ours, closed, other = native.Cache(Limits()), *(native.Outbox() for _ in range(3))
    for outbox in (ours, other):
        outbox.open()
    lines = record(b"a") + b"\n" + record(b"b") + b"\n"
    ours.put({b"a": record(b"a")})
    said = native.learn(cache, lines, ours, (closed, other), NOW_NS, NOW_NS, 20, 1000)
    assert said == (True, 2, 0)
    assert [len(outbox) for outbox in (ours, closed, other)] == [0, 0, 2]
    assert other.take_joined(10**9) == (2, lines)
