"""Herds that the tests of the client protocol hold up to it: simulated, in this process, and of processes.

Each is the five servers of the specification with the places of the wheel. A simulated one is what
`twistd herd` runs, on hosts of its own and in virtual time; the two others are on real sockets. A test sees
only what a client sees: addresses, and bytes.
"""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, field, frozen
from twisted.internet.task import deferLater

from herd.config.dump import dump_config
from herd.config.endpoint import endpoint_from_address
from herd.config.load import load_config
from herd.config.model import Address, Config, Links
from herd.places.finder import providers
from herd.places.interfaces import Surroundings
from herd.sim.engine.programs import Plugin
from herd.sim.herds.build import CLIENTS_PORT, LINKS_PORT, SECRET
from herd.testing import Client, LocalHerd, LocalServer, ReservedPorts, connect
from herd.testing.processes import moved

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from herd.sim.engine.host import Host
    from tests.stage import Stage

PATIENCE_S: Final = 10.0
"""How long a test waits for what takes milliseconds on a machine with nothing else to do."""

SECRET_ENV: Final = "HERD_LINK_SECRET"

LINKING_S: Final = 5.0
"""How long simulated servers have to link with each other: dials of both sides may have to be sorted out."""


@frozen
class Herd:
    """A herd as its clients know it."""

    config: Config
    reactor: Any
    clients: list[Client] = field(factory=list)

    async def connect(self, server: str) -> Client:
        """Connect to a server; the connection is broken at the end of the test."""
        address = self.config.server(server).clients.dial
        client = await connect(self.reactor, address.port, address.host)
        self.clients.append(client)
        return client

    async def say(self, server: str, data: bytes) -> bytes:
        """Connect, send, half-close; return all that the server says until it closes."""
        client = await self.connect(server)
        client.send(data)
        client.end()
        return await client.rest()

    async def report(self, server: str, client_id: bytes, position: bytes, posix_s: bytes) -> bytes:
        """Send an IAMAT; return the AT line without its ending."""
        answer = await self.say(server, b"IAMAT %b %b %b\n" % (client_id, position, posix_s))
        assert answer.startswith(b"AT ")
        assert answer.endswith(b"\n")
        assert answer.count(b"\n") == 1
        return answer[:-1]

    async def held(self, server: str, client_id: bytes) -> bytes | None:
        """Return the AT line that a server holds, asking for no places; None if it holds none."""
        answer = await self.say(server, b"WHATSAT %b 0 0\n" % client_id)
        return None if answer.startswith(b"? ") else answer.partition(b"\n")[0]

    async def until_held(self, line: bytes, client_id: bytes, *servers: str) -> None:
        """Wait until these servers, or all, hold exactly this AT line."""
        deadline = time.monotonic() + PATIENCE_S
        for server in servers or self.config.names:
            while (held := await self.held(server, client_id)) != line:
                assert time.monotonic() < deadline, f"{server} holds {held!r}, not {line!r}"
                await deferLater(self.reactor, 0.005)

    async def part(self) -> None:
        """Break every connection that is left."""
        for client in self.clients:
            if not client.is_lost:
                client.abort()
                await client.lost()


@asynccontextmanager
async def local_herd(reactor: Any, directory: Path, given: Config | None = None) -> AsyncIterator[Herd]:
    """Run the herd of a configuration (the packaged one) in this process, on ports of its own."""
    ports = ReservedPorts()
    config = moved(given or load_config(), directory, ports)
    servers = [LocalServer(config, name, reactor, time.time_ns, seed=0) for name in config.names]
    for server in servers:
        server.places = open_places(config, reactor)
        server.start()
    herd = LocalHerd(reactor, ports, servers)
    try:
        await herd.agree()
        yield Herd(config, reactor)
    finally:
        await herd.stop()


async def simulated_herd(stage: Stage, directory: Path, given: Config | None = None) -> Herd:
    """Run the herd of a configuration (the packaged one) on hosts of its own.

    Servers get the environment that the body of the test has when it calls this.
    """
    config = given or load_config()
    hosts = {name: stage.simulation.host(name) for name in config.names}
    config = hosted(config, directory, hosts)
    file = directory / "herd.toml"
    file.write_text(dump_config(config))
    environ = {**os.environ, SECRET_ENV: SECRET}
    for name, host in hosts.items():
        host.start(Plugin("herd", "--name", name, "--config", str(file), in_files=False), environ=environ)
    await deferLater(stage.reactor, LINKING_S)
    return Herd(config, stage.reactor)


def hosted(config: Config, directory: Path, hosts: Mapping[str, Host]) -> Config:
    """Return a configuration whose servers are on these hosts, with a secret for they are not on loopback."""
    return evolve(
        config,
        state=directory,
        links=Links(secret_env=SECRET_ENV),
        servers=tuple(
            evolve(
                server,
                clients=endpoint_from_address(Address(hosts[server.name].address, CLIENTS_PORT)),
                links=endpoint_from_address(Address(hosts[server.name].address, LINKS_PORT)),
            )
            for server in config.servers
        ),
    )


async def end(stage: Stage) -> None:
    """Stop all servers on a stage as an operator does, and see that they end as they should."""
    servers = [
        process
        for host in stage.simulation.hosts.values()
        for process in host.processes
        if isinstance(process.program, Plugin)
    ]
    for server in servers:
        server.signal(signal.SIGTERM)
    while any(server.exit_code is None for server in servers):
        await deferLater(stage.reactor, 0.1)
    assert {server.exit_code for server in servers} == {0}


def alone(**limits: Any) -> Config:
    """Return the configuration of a herd of one server, Alford, with limits of its own."""
    config = load_config()
    return evolve(
        config,
        servers=(evolve(config.server("Alford"), neighbors=()),),
        limits=evolve(config.limits, **limits),
    )


def open_places(config: Config, reactor: Any) -> Any:
    """Open places as a server process does."""
    surroundings = Surroundings(
        reactor=reactor, random=random.Random(0), environ=os.environ, timeout_s=config.limits.places_timeout_s
    )
    return providers()[config.places.provider].open(config.places.options, surroundings)
