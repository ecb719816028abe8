"""Servers that have links and nothing else, in memory; and the other end of a link, spoken by hand."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from herd.core.cache import SHARDS
from herd.core.handshake import Identity
from herd.core.limits import Limits
from herd.core.reconcile import Step
from herd.core.record import make_line, origin_prefix
from herd.core.replica import Replica
from herd.server.eventlog import EventLog
from herd.server.links import LinkContext
from herd.server.neighbors import Neighbors
from herd.testing import MemoryNetwork, MemoryTransport, TurningClock
from tests.server.parts import NOW_NS, POSITION, world_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.server.neighbor import NeighborStatus


def record(client_id: bytes, time: bytes = b"1479413884", origin: str = "Ball") -> bytes:
    """Return an AT line that a server made."""
    return make_line(origin_prefix(origin), NOW_NS, client_id, POSITION, time)


def hello(
    sender: str = "Ball",
    receiver: str = "Alford",
    herd: str = "testers",
    *,
    version: str = "1",
    instance: str = "first",
    nonce: str = "n",
) -> bytes:
    """Return the line with which a server says who it is."""
    return f"HERD {version} {herd} {sender} {receiver} {instance} {nonce}\n".encode()


def lines(data: bytes, *verbs: bytes) -> list[bytes]:
    """Return the lines that begin with one of these words."""
    return [line for line in data.splitlines() if line.split(b" ")[0] in verbs]


class LinkSide:
    """One server's links. It is dialed by its name on the network, unless `endpoints` say otherwise."""

    def __init__(
        self,
        name: str,
        neighbors: str,
        network: MemoryNetwork,
        clock: TurningClock,
        *,
        seed: object = 0,
        source: random.Random | None = None,
        endpoints: Mapping[str, Any] | None = None,
        replica: Replica | None = None,
        **limits: Any,
    ) -> None:
        self.name = name
        self.limits = Limits(**limits)
        self.logged: list[str] = []
        world = world_of(clock, seed=f"{name} {seed}")
        identity = Identity(herd="testers", name=name, instance=world.token())
        if source is not None:
            world = type(world)(clock, world.wall_ns, source)
        self.log = EventLog(name, world, self.logged.append, lines=True, as_json=False)
        self.replica = replica or Replica(name, neighbors.split(), self.limits)
        context = LinkContext(identity=identity, limits=self.limits, log=self.log, world=world)
        if endpoints is None:
            endpoints = {neighbor: network.endpoint(neighbor) for neighbor in neighbors.split()}
        self.neighbors = Neighbors(self.replica, context, endpoints)
        self.acceptor = self.neighbors.acceptor()
        network.listen(name, self.acceptor)

    def report(self, client_id: bytes, time: bytes = b"1479413884") -> bytes:
        """Take a client's report; return the record."""
        line = b"IAMAT %b %b %b\n" % (client_id, POSITION, time)
        return self.replica.report([(line, client_id, POSITION, time)], NOW_NS)[0][:-1]

    @property
    def records(self) -> dict[bytes, bytes]:
        """Return what is held."""
        shards = [self.replica.cache.shard(shard) for shard in range(SHARDS)]
        return {client_id: line for shard in shards for client_id, line in shard.items()}

    def status(self, neighbor: str) -> NeighborStatus:
        """Return what an operator is told of a neighbor."""
        return self.neighbors[neighbor].status()

    def link(self, neighbor: str) -> Any:
        """Return the link to a neighbor; None if there is none."""
        return self.neighbors[neighbor]._link

    @property
    def log_text(self) -> str:
        """Return all that was logged."""
        self.log.flush()
        return "".join(self.logged)


class Alford:
    """Alford, with a network of its own on which nobody answers; Ball's end is spoken by hand."""

    def __init__(self, neighbors: str = "Ball", name: str = "Alford", **options: Any) -> None:
        self.clock = TurningClock()
        self.network = MemoryNetwork(self.clock, random.Random(0))
        self.side = LinkSide(name, neighbors, self.network, self.clock, **options)

    def accept(self, *said: bytes) -> MemoryTransport:
        """Return Alford's end of a connection that somebody dialed and said something on."""
        transport = MemoryTransport(self.clock)
        transport.connect(self.side.acceptor.buildProtocol(None))
        for data in said:
            transport.receive(data)
        return transport

    def link(self, neighbor: str = "Ball", instance: str = "first") -> MemoryTransport:
        """Return Alford's end of a link that is up, and in sync if the neighbor has what Alford has."""
        transport = self.accept(hello(neighbor, self.side.name, instance=instance))
        digests = self.side.replica.digests
        while digests.refresh():
            pass
        transport.receive(Step("ROOT", digests=(digests.root(),)).to_line() + b"\n")
        self.turn()
        assert transport.take().endswith(b"\nDONE\n")
        return transport

    def turn(self) -> None:
        """Let all happen that needs no time."""
        self.clock.turns()

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.turn()
        self.clock.advance(seconds)
        self.turn()
