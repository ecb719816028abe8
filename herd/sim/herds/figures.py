"""What is seen on the wire of a simulated herd: messages by kind, bytes, and how fast news gets about.

It looks at every segment as it is written, and at links as they deliver. A record has reached a server when
that server holds it, or a greater one of the same client. On `tls:` links nothing can be seen but bytes.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from herd.core.record import client_of, is_newer
from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.pipes import Pipe
from herd.sim.herds.build import CLIENTS_PORT, LINKS_PORT, SimulatedHerd
from herd.sim.herds.kinds import Flow
from herd.sim.herds.linklooks import LOOK_EVERY_S, LinkLooks
from herd.sim.herds.peaks import Peaks
from herd.sim.herds.strangers import MARK

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation
    from herd.sim.scenario import Check

ARRIVES: Final = "arrives soon"
_PERCENTILES: Final = (50, 90, 99, 100)


@define
class _News:
    """A record on its way through the herd."""

    line: bytes
    since_ns: int
    missing: dict[str, None]
    """Servers that do not hold it yet."""


@frozen
class Dial:
    """An attempt of one server to connect to another."""

    source: str
    at_ns: int
    lonely_ns: int
    """How long it had heard nothing from there."""


@define
class _Way:
    """One direction of a connection with a server; `written` and `read` are bytes."""

    source: str
    target: str
    is_link: bool
    is_from_server: bool
    flow: Flow = field(factory=Flow)
    written: int = 0
    read: int = 0
    coming: deque[tuple[int, tuple[bytes, ...]]] = field(factory=deque)
    """Records that are under way, and the place at which each of them ends."""
    hello: bytes | None = None
    """What who dialed a link has said, and has not proved yet."""


@define
class Watch:
    """Looks at all that servers write."""

    herd: SimulatedHerd
    link_messages: Counter[str] = field(factory=Counter)
    client_messages: Counter[str] = field(factory=Counter)
    link_bytes: int = 0
    client_bytes: int = 0
    copies: Counter[tuple[str, str, bytes]] = field(factory=Counter)
    """How often a record went from one server to another."""
    sent_back: dict[tuple[str, str, bytes], None] = field(factory=dict)
    """Records that a server sent to the one that it had them from."""
    seen_ns: dict[bytes, int] = field(factory=dict)
    """When each record was first seen, whoever sent it."""
    answered_ns: dict[bytes, int] = field(factory=dict)
    """When each record was first seen in an answer to a client."""
    arrivals_ns: list[int] = field(factory=list)
    """How long each record took to each server but its origin."""
    updates: int = 0
    openings: dict[str, list[bytes]] = field(factory=dict)
    """By the server that was dialed: what real links began with, and that with its proof. An eavesdropper may
    repeat either."""
    dials: dict[str, list[Dial]] = field(factory=dict)
    """By the server that was dialed."""
    links: LinkLooks | None = None
    """Who looks at links, where a check wants to know."""
    connections: Counter[tuple[str, str]] = field(factory=Counter)
    """Connections over which one server has written to another."""
    peaks: Peaks = field(factory=Peaks)
    _heard_ns: dict[tuple[str, str], int] = field(factory=dict)
    _ways: dict[Pipe, _Way | None] = field(factory=dict)
    """None: a stranger's on a port for neighbors, or nothing of the herd's."""
    _news: dict[bytes, list[_News]] = field(factory=dict)
    victims: list[bytes] = field(factory=list)
    """Clients that have begun to report, in that order, but for those that only strangers speak of."""
    _known: dict[bytes, None] = field(factory=dict)
    _looked: int = 0
    """Operations of the history that have been looked at for that."""
    _brought: dict[tuple[str, bytes], str] = field(factory=dict)
    """By server and record: which neighbor brought it, where it was news."""
    _looks: int = 0
    """At each, one server's clients are looked at too: all of them each time would cost too much."""
    _held: dict[tuple[str, bytes], bytes] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        simulation = self.herd.simulation
        simulation.on_write = self.written
        simulation.on_read = self.read
        simulation.on_dial = self.dialed
        simulation.after(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        """Look at how large things have grown: nobody can hold more clients than have said something."""
        operations = self.herd.history.operations
        for each in operations[self._looked :]:
            if each.kind == "report":
                client_id = each.command.split(None, 2)[1]
                if client_id not in self._known:
                    self._known[client_id] = None
                    if not client_id.startswith(MARK):
                        self.victims.append(client_id)
        self._looked = len(operations)
        self._looks += 1
        due = self._looks % len(self.herd.hosts)
        for place, (name, host) in enumerate(self.herd.hosts.items()):
            node = None if host.paused else self.herd.node(name)
            if node is not None:
                self.peaks.look(name, node, len(self._known))
                if place == due:
                    clock_s = host.clock.monotonic_ns(self.herd.simulation.now_ns) / NS_PER_S
                    self.peaks.look_at_clients(name, node.clients, clock_s)
            if self.links is not None:
                self.links.look(name, node, self.silent_ns)
        self.herd.simulation.after(LOOK_EVERY_S, self._look)

    def written(self, pipe: Pipe, data: bytes) -> None:
        """Look at what a program writes."""
        way = self._ways[pipe] if pipe in self._ways else self._first(pipe, data)
        if way is None:
            return
        messages = way.flow.feed(data)
        size = len(data)
        counter = self.link_messages if way.is_link else self.client_messages
        for kind in messages.kinds:
            counter[kind] += 1
        if not way.is_link:
            self.client_bytes += size
            if way.is_from_server:
                for line in messages.records:
                    self._begin(line, way.source)
                    self.answered_ns.setdefault(line, self.herd.simulation.now_ns)
            return
        if way.hello is not None and data.startswith(b"PROOF "):
            self.openings[way.target].append(way.hello + data.partition(b"\n")[0] + b"\n")
            way.hello = None
        self.link_bytes += size
        way.written += size
        if messages.records:
            way.coming.append((way.written, messages.records))
            for line in messages.records:
                self.copies[way.source, way.target, line] += 1
                if self._brought.get((way.source, line)) == way.target:
                    self.sent_back[way.source, way.target, line] = None
                self._begin(line, way.source)

    def _first(self, pipe: Pipe, data: bytes) -> _Way | None:
        """Look at the first that is written to a direction of a connection."""
        source, target = pipe.source.host.name, pipe.target.host.name
        ports = pipe.source.local[1], pipe.target.local[1]
        is_link, is_from_server = LINKS_PORT in ports, source in self.herd.hosts
        if (is_link and not is_from_server) or (not is_link and CLIENTS_PORT not in ports):
            self._ways[pipe] = None
            return None
        way = self._ways[pipe] = _Way(source, target, is_link, is_from_server)
        if is_link:
            self.connections[source, target] += 1
            if ports[1] == LINKS_PORT:
                self.openings.setdefault(target, []).append(data)
                way.hello = data
        return way

    def read(self, pipe: Pipe, data: bytes) -> None:
        """Look at what a program reads: a server that reads a record from a link holds it."""
        way = self._ways[pipe]
        if way is None or not way.is_link or way.target not in self.herd.hosts:
            return
        self._heard_ns[way.target, way.source] = self.herd.simulation.now_ns
        way.read += len(data)
        while way.coming and way.coming[0][0] <= way.read:
            for line in way.coming.popleft()[1]:
                if not self._holds(way.target, line):
                    self._brought[way.target, line] = way.source
                    self._reached(line, way.target)

    def _begin(self, line: bytes, server: str) -> None:
        """Note a record when it is first seen, and that a server holds it."""
        if line not in self.seen_ns:
            self.seen_ns[line] = self.herd.simulation.now_ns
            origin = line.split(b" ", 2)[1].decode()
            if origin == server:
                self.updates += 1
                others = {name: None for name in self.herd.hosts if not self._holds(name, line)}
                others.pop(server, None)
                news = _News(line, self.herd.simulation.now_ns, others)
                self._news.setdefault(client_of(line), []).append(news)
        self._reached(line, server)

    def _holds(self, server: str, line: bytes) -> bool:
        """Tell whether a server is known to hold a record, or a greater one."""
        held = self._held.get((server, client_of(line)))
        return held is not None and not is_newer(line, held)

    def _reached(self, line: bytes, server: str) -> None:
        if self._holds(server, line):
            return
        client_id = client_of(line)
        self._held[server, client_id] = line
        now_ns = self.herd.simulation.now_ns
        waiting = []
        for news in self._news.get(client_id, ()):
            if server in news.missing and not is_newer(news.line, line):
                del news.missing[server]
                self.arrivals_ns.append(now_ns - news.since_ns)
            if news.missing:
                waiting.append(news)
        self._news[client_id] = waiting

    def dialed(self, source: str, target: str, port: int) -> None:
        """Look at a connection attempt."""
        if port == LINKS_PORT and source in self.herd.hosts:
            now_ns = self.herd.simulation.now_ns
            lonely_ns = now_ns - self._heard_ns.get((source, target), 0)
            self.dials.setdefault(target, []).append(Dial(source, now_ns, lonely_ns))
            if self.links is not None:
                self.links.dialed(source, target)

    def silent_ns(self, server: str, neighbor: str) -> int:
        """Return how long a server has read nothing from a neighbor's link."""
        return self.herd.simulation.now_ns - self.heard_ns(server, neighbor)

    def heard_ns(self, server: str, neighbor: str) -> int:
        """Return when a server last read something from a neighbor's link; long ago if it never has."""
        return self._heard_ns.get((server, neighbor), -NS_PER_S * 3600)

    def openings_to(self, server: str) -> list[bytes]:
        """Return the beginnings of links that a server was dialed for, the last few."""
        return self.openings.get(server, [])[-10:]

    def figures(self) -> dict[str, Any]:
        """Return what there is to tell, as JSON."""
        records = self.link_messages["AT"]
        figures: dict[str, Any] = {
            "messages between servers": dict(sorted(self.link_messages.items())),
            "messages with clients": dict(sorted(self.client_messages.items())),
            "bytes between servers": self.link_bytes,
            "bytes with clients": self.client_bytes,
            "updates": self.updates,
        }
        if self.updates and records:
            figures["messages per update"] = round(records / self.updates, 2)
            figures["bytes per update"] = round(self.link_bytes / self.updates, 1)
        if self.arrivals_ns:
            order = sorted(self.arrivals_ns)
            figures["convergence in ms"] = {
                f"p{each}" if each < _PERCENTILES[-1] else "max": round(
                    order[min(len(order) * each // 100, len(order) - 1)] / NS_PER_S * 1000, 3
                )
                for each in _PERCENTILES
            }
        return figures


def arrives_within(limit_s: float) -> Check:
    """Return a check that no record took longer from its origin to any server."""

    def look(simulation: Simulation) -> list[str]:
        watch: Watch = simulation.scene.watch
        slowest_s = max(watch.arrivals_ns, default=0) / NS_PER_S
        return (
            [f"a record took {slowest_s:.3f} s to a server; {limit_s} s may"] if slowest_s > limit_s else []
        )

    return look
