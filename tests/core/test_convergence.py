"""Servers that flood records to one another over links that only keep their order: nothing else is promised.

What is delivered next, and when an outbox is drained, is for the schedule to say; each server has a clock of
its own. The bytes on the links are those of the link protocol.
"""

from __future__ import annotations

import tomllib
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
from attrs import define, evolve, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from herd.core.cache import SHARDS
from herd.core.limits import Limits
from herd.core.linkwire import LinkParser
from herd.core.record import NS_PER_S, make_line, origin_prefix
from herd.core.replica import Replica
from tests.core.strategies import NOW_NS, order

if TYPE_CHECKING:
    from collections.abc import Iterable

Edge: TypeAlias = tuple[str, str]

NAMES = ("Alford", "Ball", "Hamilton", "Holiday", "Welsh", "Younger", "Zimmer")
LIMITS = Limits()
CONFIG = tomllib.loads((Path(__file__).parents[2] / "conf" / "herd.toml").read_text("utf-8"))
FIVE_SERVERS: list[Edge] = sorted(
    (name, neighbor)
    for name, server in CONFIG["servers"].items()
    for neighbor in server["neighbors"]
    if name < neighbor
)


@frozen
class Report:
    """An IAMAT to be sent to a server, whose clock is `skew_ns` off."""

    server: str
    client: bytes
    position: bytes
    time: bytes
    skew_ns: int = 0


@define
class Link:
    """One direction of a link: what is in flight, and the far end's parser."""

    in_flight: deque[bytes] = field(factory=deque)
    parser: LinkParser = field(factory=lambda: LinkParser(LIMITS))


class Network:
    """Replicas and the links between them. Sent lines are counted by link and by line."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        self.edges = list(edges)
        neighbors: dict[str, list[str]] = {}
        for one, other in self.edges:
            neighbors.setdefault(one, []).append(other)
            neighbors.setdefault(other, []).append(one)
        self.replicas = {name: Replica(name, neighbors[name], LIMITS) for name in sorted(neighbors)}
        self.links: dict[Edge, Link] = {}
        self.sent: Counter[tuple[Edge, bytes]] = Counter()
        self.may_repeat = False
        self.last_seen: dict[str, dict[bytes, bytes]] = {name: {} for name in self.replicas}
        for edge in self.edges:
            self.join(edge)

    # What can happen

    def report(self, report: Report) -> bytes:
        """Send an IAMAT and check its answer against the contract's table."""
        replica = self.replicas[report.server]
        now_ns = NOW_NS + report.skew_ns
        fields = report.client, report.position, report.time
        held = replica.cache.peek(report.client)
        made = make_line(origin_prefix(report.server), now_ns, *fields)
        if held is None or (order(made) > order(held) and not held.endswith(b" %b %b %b" % fields)):
            expected = made
        else:
            expected = held
        command = b"IAMAT %b %b %b\n" % fields
        assert replica.report([(command, *fields)], now_ns) == [expected + b"\n"]
        assert replica.cache.peek(report.client) == expected
        self.check_never_goes_back(report.server)
        return expected

    def drain(self, edge: Edge, max_bytes: int = 10**6) -> int:
        """Write what waits for a link; return how many messages that were."""
        lines = self.replicas[edge[0]].flood.outboxes[edge[1]].take(max_bytes)
        self.links[edge].in_flight.append(b"".join(line + b"\n" for line in lines))
        for line in lines:
            self.sent[edge, line] += 1
            assert self.may_repeat or self.sent[edge, line] == 1, f"{line!r} twice from {edge}"
        return len(lines)

    def deliver(self, edge: Edge) -> None:
        """Let what was written first on a link arrive."""
        source, target = edge
        link = self.links[edge]
        for records in link.parser.feed(link.in_flight.popleft()):
            assert isinstance(records, list)
            self.replicas[target].learn(records, source, NOW_NS)
        self.check_never_goes_back(target)

    def cut(self, edge: Edge) -> None:
        """Lose a link with everything on it."""
        for source, target in (edge, edge[::-1]):
            if self.links.pop((source, target), None):
                self.replicas[source].flood.outboxes[target].close()

    def join(self, edge: Edge) -> None:
        """Bring a link up; each side then owes the other all that it holds, the plainest catching up."""
        for source, target in (edge, edge[::-1]):
            if (source, target) not in self.links:
                self.links[source, target] = Link()
                replica = self.replicas[source]
                replica.flood.outboxes[target].open()
                for shard in range(SHARDS):
                    replica.flood.outboxes[target].put_if_newer(replica.cache.shard(shard))

    # How it goes on

    def possible(self) -> list[tuple[str, Edge]]:
        """Return what could happen next on the links, in a fixed order."""
        drains = [
            ("drain", edge) for edge in self.links if len(self.replicas[edge[0]].flood.outboxes[edge[1]])
        ]
        return drains + [("deliver", edge) for edge, link in self.links.items() if link.in_flight]

    def step(self, choice: int) -> bool:
        """Let one of the possible things happen; tell whether there was any."""
        possible = self.possible()
        if possible:
            what, edge = possible[choice % len(possible)]
            if what == "drain":
                self.drain(edge, max_bytes=1 + choice % 300)
            else:
                self.deliver(edge)
        return bool(possible)

    def settle(self, choices: Iterable[int] = ()) -> None:
        """Let everything happen that will: chosen things first, then the first that is possible."""
        for choice in choices:
            self.step(choice)
        records = len({line for _, line in self.sent}) + sum(
            len(replica.cache) for replica in self.replicas.values()
        )
        bound = 10 + 4 * records * len(self.edges) * (len(self.replicas) + 1)
        for _ in range(bound):
            if not self.step(0):
                return
        raise AssertionError(f"still busy after {bound} steps")

    def turn(self) -> int:
        """Let every server drain all its outboxes, then let everything arrive; return how many messages."""
        messages = sum(self.drain(edge) for edge in self.links)
        for edge in self.links:
            self.deliver(edge)
        return messages

    # What always holds

    def check_never_goes_back(self, server: str) -> None:
        """Compare a server's records to what it held when last looked at."""
        held = self.held(server)
        for client, line in self.last_seen[server].items():
            assert order(held[client]) >= order(line)
        self.last_seen[server] = held

    def check_converged(self, answers: Iterable[bytes]) -> None:
        """Check that every server holds the newest of the records that clients were told of."""
        expected: dict[bytes, bytes] = {}
        for line in sorted(answers, key=order):
            expected[line.split(b" ")[3]] = line
        assert {name: self.held(name) for name in self.replicas} == dict.fromkeys(self.replicas, expected)

    def held(self, server: str) -> dict[bytes, bytes]:
        """Return all records of a server."""
        cache = self.replicas[server].cache
        return {client: line for index in range(SHARDS) for client, line in cache.shard(index).items()}

    def messages(self) -> Counter[Edge]:
        """Return how many messages each direction of each link has carried."""
        return Counter(edge for edge, _ in self.sent.elements())


@st.composite
def graphs(draw: st.DrawFn) -> list[Edge]:
    """Give any connected graph of two to seven servers, as its edges."""
    names = NAMES[: draw(st.integers(2, len(NAMES)))]
    tree = [(names[draw(st.integers(0, place - 1))], names[place]) for place in range(1, len(names))]
    others = [(one, other) for one in names for other in names if one < other and (one, other) not in tree]
    return tree + (draw(st.lists(st.sampled_from(others), unique=True)) if others else [])


@st.composite
def reports_to(draw: st.DrawFn, edges: list[Edge]) -> Report:
    """Give a report that may well be a retry, late, or of the same time as another."""
    servers = sorted({name for edge in edges for name in edge})
    return Report(
        draw(st.sampled_from(servers)),
        draw(st.sampled_from([b"kiwi", b"goat"])),
        draw(st.sampled_from([b"+34-118", b"+35-118"])),
        draw(st.sampled_from([b"1", b"2", b"2.0", b"02", b"10", b"2.00000000000001"])),
        draw(st.sampled_from([0, -NS_PER_S, 1, 5 * NS_PER_S])),
    )


CHOICES = st.integers(0, 9999)


@given(graphs(), st.data())
def test_whatever_is_reported_and_however_it_travels_all_servers_agree(
    edges: list[Edge], data: st.DataObject
) -> None:
    network = Network(edges)
    answers = []
    for _ in range(data.draw(st.integers(1, 8))):
        answers.append(network.report(data.draw(reports_to(edges))))
        for choice in data.draw(st.lists(CHOICES, max_size=8)):
            network.step(choice)
    network.settle(data.draw(st.lists(CHOICES, max_size=30)))
    network.check_converged(answers)


@given(graphs(), st.data())
def test_one_report_costs_one_message_per_direction_of_each_link_at_most(
    edges: list[Edge], data: st.DataObject
) -> None:
    network = Network(edges)
    report = data.draw(reports_to(edges))
    answer = network.report(report)
    network.settle(data.draw(st.lists(CHOICES, max_size=60)))
    network.check_converged([answer])
    messages = network.messages()
    assert max(messages.values()) == 1
    fewest = len(network.replicas) - 1
    assert fewest <= messages.total() <= 2 * len(edges) - fewest
    retried = [network.report(evolve(report, server=name, skew_ns=7)) for name in network.replicas]
    assert retried == [answer] * len(retried)
    assert not network.possible()


@given(graphs(), st.data())
def test_links_that_come_and_go_leave_all_servers_in_agreement(
    edges: list[Edge], data: st.DataObject
) -> None:
    network = Network(edges)
    network.may_repeat = True
    answers = []
    for _ in range(data.draw(st.integers(1, 6))):
        answers.append(network.report(data.draw(reports_to(edges))))
        for choice in data.draw(st.lists(CHOICES, max_size=6)):
            network.step(choice)
        edge = data.draw(st.sampled_from(edges))
        data.draw(st.sampled_from([network.cut, network.join]))(edge)
    for edge in edges:
        network.join(edge)
    network.settle(data.draw(st.lists(CHOICES, max_size=30)))
    network.check_converged(answers)


@given(
    st.lists(CHOICES, max_size=60),
    st.permutations(NAMES[:5]),
    st.sampled_from([b"+34-118", b"+35-118"]),
)
def test_two_concurrent_reports_for_one_client_do_not_livelock(
    choices: list[int], servers: list[str], position: bytes
) -> None:
    """Two servers get a report of the same time before either hears of the other's."""
    network = Network(FIVE_SERVERS)
    one, other = servers[:2]
    answers = [
        network.report(Report(one, b"kiwi", b"+34-118", b"1479413884.392014450")),
        network.report(Report(other, b"kiwi", position, b"1479413884.392014450")),
    ]
    network.settle(choices)
    network.check_converged(answers)
    (held,) = network.held("Alford").values()
    assert held.startswith(b"AT %b " % max(one, other).encode())
    assert network.messages().total() <= 2 * 6
    assert max(network.messages().values()) <= 2


@pytest.mark.parametrize("origin", NAMES[:5])
def test_an_update_takes_six_messages_on_the_five_servers_where_all_drain_together(origin: str) -> None:
    network = Network(FIVE_SERVERS)
    answer = network.report(Report(origin, b"kiwi", b"+34-118", b"1479413884.392014450"))
    assert [network.turn() for _ in range(5)] == [2, 2, 2, 0, 0]
    network.check_converged([answer])
    assert set(network.messages().values()) == {1}
    assert [edge for edge in network.messages() if edge[1] == origin] == []


@pytest.mark.parametrize("origin", NAMES[:5])
def test_an_update_takes_five_messages_on_the_five_servers_where_one_drains_after_the_other(
    origin: str,
) -> None:
    """Of the two that meet at the far side the first spares the second its message."""
    network = Network(FIVE_SERVERS)
    answer = network.report(Report(origin, b"kiwi", b"+34-118", b"1479413884.392014450"))
    while network.step(-1):  # what has been written arrives before anything else is
        pass
    network.check_converged([answer])
    assert network.messages().total() == 5
