r"""A whole herd in one process, on real sockets of the loopback interface: one line of a test builds it.

    herd = await start_herd(reactor, "Alford-Ball Ball-Welsh", directory)
    await herd["Alford"].say(b"IAMAT kiwi +34.068930-118.445127 1479413884.392014450\n")
    await herd.agree()

Servers are what `twistd herd` runs, each with its own world: a reactor that can die, a clock, a seeded random
source. Only the places are fakes: they answer at once, until a test puts `HeldPlaces()` in their stead.
"""

from __future__ import annotations

import random
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from attrs import evolve
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from herd.config.model import Address, Config, Durability, Endpoint, Logging, Scheme, Server, Tls
from herd.core.cache import SHARDS
from herd.core.limits import Limits
from herd.places.finder import Finder
from herd.server.build import build_node
from herd.server.world import World
from herd.testing.client import PATIENCE_S, Client, connect, connect_unix
from herd.testing.mortal import MortalReactor
from herd.testing.places import HeldPlaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from herd.server.node import Node

LIMITS = Limits(reconnect_min_s=0.02, reconnect_max_s=0.1, shutdown_s=1.0)
"""What a herd under test differs in from a real one: nobody wants to wait for it."""


def neighbors_of(topology: str) -> dict[str, tuple[str, ...]]:
    """Read a topology, names joined in pairs ("Alford-Ball Ball-Welsh") or alone ("Alford")."""
    neighbors: dict[str, dict[str, None]] = {}
    for word in topology.split():
        one, _, other = word.partition("-")
        neighbors.setdefault(one, {})
        if other:
            neighbors[one][other] = None
            neighbors.setdefault(other, {})[one] = None
    return {name: tuple(others) for name, others in neighbors.items()}


def local_config(  # noqa: PLR0913 - most have a default
    topology: str,
    directory: Path,
    ports: Iterator[int],
    limits: Limits = LIMITS,
    *,
    durability: Durability = "memory",
    scheme: Scheme = "tcp",
) -> Config:
    """Return the configuration of a herd on loopback; every server takes two of the ports.

    Certificates of a `tls` herd are sought in the directory `tls` of the given one.
    """

    def endpoint() -> Endpoint:
        address = Address("127.0.0.1", next(ports))
        return Endpoint(scheme=scheme, listen=address, dial=address)

    servers = [
        Server(name=name, clients=endpoint(), links=endpoint(), neighbors=others)
        for name, others in neighbors_of(topology).items()
    ]
    tls = Tls(directory=directory / "tls")
    return Config(
        name="testers",
        servers=tuple(servers),
        state=directory,
        limits=limits,
        durability=durability,
        tls=tls,
    )


class ReservedPorts(ExitStack):
    """TCP ports of 127.0.0.1 that the system gives to nobody else until this is closed.

    A bound socket that does not listen holds each. Twisted can still listen there, because both set
    SO_REUSEADDR.
    """

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        holder = self.enter_context(socket.socket())
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        return int(holder.getsockname()[1])


class SimulatedPorts:
    """TCP ports of one simulated host, where nobody else takes any."""

    def __init__(self) -> None:
        self._last = 10_000

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        self._last += 1
        return self._last

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""


class LocalServer:
    """One server of the herd, from its start to its end and its next start."""

    def __init__(
        self, config: Config, name: str, reactor: Any, wall_ns: Callable[[], int], seed: int
    ) -> None:
        self.config = config
        """What the next start or reload reads."""
        self.name = name
        self.places = HeldPlaces("Powell Library")
        """What answers WHATSAT; another one is taken up at the next start."""
        self.is_alive = False
        self.starts = 0
        self._reactor = reactor
        self._wall_ns = wall_ns
        self._seed = seed

    def start(self) -> None:
        """Build the server and start it."""
        self.starts += 1
        self.mortal = MortalReactor(self._reactor)
        self.world = World(
            self.mortal, self._wall_ns, random.Random(f"{self._seed} {self.name} {self.starts}")
        )
        finder = Finder(self.places, self.world.reactor, self.config.limits.places_timeout_s)
        self.node: Node = build_node(self.config, self.name, self.world, finder, lambda: self.config)
        self.node.startService()
        self.is_alive = True

    async def stop(self) -> None:
        """Stop in order."""
        self.is_alive = False
        await self.node.stopService()

    async def kill(self) -> None:
        """Take everything away at once; the next turns only see to it that its ports are free again."""
        self.is_alive = False
        ports = self.mortal.die()
        clients, links = self.node.clients.connections, self.node.neighbors.connections
        for client in clients.all():
            client.abort()
        for link in links.all():
            link.abort()
        self.node.clients.log.close()
        await gatherResults([ports, clients.when_empty(), links.when_empty()])

    @property
    def records(self) -> dict[bytes, bytes]:
        """Return what the server holds: client id -> AT line."""
        cache = self.node.clients.replica.cache
        return {client_id: line for shard in range(SHARDS) for client_id, line in cache.shard(shard).items()}

    def status(self) -> dict[str, Any]:
        """Return what an operator is told."""
        return self.node.status()

    def link(self, neighbor: str) -> dict[str, Any]:
        """Return what an operator is told of one neighbor."""
        (status,) = [each for each in self.status()["neighbors"] if each["name"] == neighbor]
        return dict(status)

    async def connect(self) -> Client:
        """Connect as a client."""
        return await connect(self._reactor, self.config.server(self.name).clients.dial.port)

    async def connect_to_links(self) -> Client:
        """Connect to the port for neighbors."""
        return await connect(self._reactor, self.config.server(self.name).links.dial.port)

    async def connect_to_control(self) -> Client:
        """Connect as an operator."""
        return await connect_unix(self._reactor, self.config.control_socket(self.name))

    async def say(self, data: bytes) -> bytes:
        """Connect, say something, half-close, and read to the end."""
        client = await self.connect()
        client.send(data)
        client.end()
        return await client.rest()


class LocalHerd:
    """The servers, by name."""

    def __init__(
        self, reactor: Any, ports: ReservedPorts | SimulatedPorts, servers: list[LocalServer]
    ) -> None:
        self._reactor = reactor
        self._ports = ports
        self.servers = {server.name: server for server in servers}

    def __getitem__(self, name: str) -> LocalServer:
        return self.servers[name]

    @property
    def alive(self) -> list[LocalServer]:
        """Return the servers that run."""
        return [server for server in self.servers.values() if server.is_alive]

    async def agree(self) -> None:
        """Wait until the servers that run are linked and hold the same; an AssertionError if they do not."""
        await self.until(self._agrees)

    async def until(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Wait, turn by turn, until a condition holds; an AssertionError shows the herd where it does not."""
        started_s = self._reactor.seconds()
        while not condition():
            if self._reactor.seconds() - started_s > patience_s:
                raise AssertionError(f"after {patience_s} s still not so:\n{self}")
            await deferLater(self._reactor, 0.001)

    async def stop(self) -> None:
        """Stop all servers that run, and give the ports back."""
        await gatherResults([server.node.stopService() for server in self.alive])
        self._ports.close()

    def __str__(self) -> str:
        lines = []
        for server in self.alive:
            links = ", ".join(f"{each['name']} {each['state']}" for each in server.status()["neighbors"])
            lines.append(f"{server.name}: {len(server.records)} records; {links}")
        return "\n".join(lines)

    def _agrees(self) -> bool:
        alive = {server.name: server for server in self.alive}
        return all(
            link["state"] == "up"
            for server in alive.values()
            for link in server.status()["neighbors"]
            if link["name"] in alive
        ) and all(server.records == self.alive[0].records for server in alive.values())


async def start_herd(  # noqa: PLR0913 - each has a default
    reactor: Any,
    topology: str,
    directory: Path,
    *,
    wall_ns: Callable[[], int] = time.time_ns,
    logging: Logging | None = None,
    durability: Durability = "memory",
    scheme: Scheme = "tcp",
    seed: int = 0,
    ports: ReservedPorts | SimulatedPorts | None = None,
    **limits: Any,
) -> LocalHerd:
    """Start every server of a topology (see `neighbors_of`), with limits of one's own; wait for the links.

    With the reactor of a simulated host all of it is simulated, on that one host: `ports` are
    `SimulatedPorts()` then.
    """
    ports = ports or ReservedPorts()
    config = local_config(
        topology, directory, ports, evolve(LIMITS, **limits), durability=durability, scheme=scheme
    )
    config = evolve(config, logging=logging or Logging())
    servers = [LocalServer(config, name, reactor, wall_ns, seed) for name in config.names]
    herd = LocalHerd(reactor, ports, servers)
    for server in servers:
        server.start()
    await herd.agree()
    return herd
