"""One herd server: everything is built here, then wired, in one place.

`build_node` makes the parts from the configuration; `Node` starts and stops them. Stopping is orderly: no
new connections, then what is in flight is answered, then neighbors get what they are owed, and all of it in
bounded time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from attrs import asdict
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeoutError

from herd import __version__
from herd.core.handshake import Identity
from herd.core.replica import Replica
from herd.server.clients import ClientConnection, ClientContext, ClientFactory
from herd.server.connections import Connections
from herd.server.control import ControlFactory, listen_control
from herd.server.eventlog import EventLog, open_event_log
from herd.server.links import LinkContext
from herd.server.listening import client_endpoint, listen, server_endpoint
from herd.server.neighbors import Neighbors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.internet.interfaces import IDelayedCall, IListeningPort

    from herd.config.model import Config, Server
    from herd.places.finder import Finder
    from herd.server.world import World

_SWEEP_S: Final = 1.0
_SWEEP_BUDGET: Final = 2000
"""Records that one sweep looks at: about two milliseconds."""

_LINKS_GRACE_S: Final = 1.0
"""What links may take at the least to drain, though clients have used up the time for stopping."""


class Node(Service):
    """A server of the herd, ready to be started."""

    def __init__(
        self, config: Config, server: Server, world: World, clients: ClientContext, neighbors: Neighbors
    ) -> None:
        self._config = config
        self._server = server
        self._world = world
        self.clients = clients
        self.neighbors = neighbors
        self._log: EventLog = clients.log
        self._ports: list[IListeningPort] = []
        self._sweep_call: IDelayedCall | None = None
        self._started_s = world.reactor.seconds()

    def privilegedStartService(self) -> None:
        """Listen; a `StartError` says why that cannot be done."""
        if not self._ports:
            self._listen()

    def startService(self) -> None:
        """Go to work."""
        self.privilegedStartService()
        Service.startService(self)
        self.neighbors.start()
        self._sweep()
        self._log.note(
            f"listening for clients on {self._server.clients.listen}, for neighbors on "
            f"{self._server.links.listen}; log file {self._config.log_file(self._server.name)}"
        )

    def stopService(self) -> Deferred[None]:
        """Stop listening, answer what is in flight, drain the outboxes, close."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    def status(self) -> dict[str, Any]:
        """Return what an operator wants to know, ready to be made JSON."""
        return {
            "name": self._server.name,
            "herd": self._config.name,
            "version": __version__,
            "pid": os.getpid(),
            "uptime_s": round(self._world.reactor.seconds() - self._started_s, 3),
            "clients": str(self._server.clients.listen),
            "links": str(self._server.links.listen),
            "log": str(self._config.log_file(self._server.name)),
            "records": len(self.clients.replica.cache),
            "connections": len(self.clients.connections),
            "provider": self._config.places.provider,
            "neighbors": [asdict(neighbor) for neighbor in self.neighbors.status()],
        }

    def _listen(self) -> None:
        reactor, server = self._world.reactor, self._server
        path = self._config.control_socket(server.name)
        try:
            for endpoint, factory in (
                (server.links, self.neighbors.acceptor()),
                (server.clients, ClientFactory(self.clients)),
            ):
                listening = server_endpoint(reactor, endpoint.listen)
                self._ports.append(listen(listening, factory, endpoint.listen, server.name))
            self._ports.append(listen_control(reactor, path, ControlFactory(self._commands())))
        except Exception:
            for port in self._ports:
                port.stopListening()
            self._ports.clear()
            raise

    def _commands(self) -> Mapping[str, Any]:
        return {"status": lambda _: {"status": self.status()}}

    def _sweep(self) -> None:
        """Drop expired records, a slice at a time."""
        has_more = self.clients.replica.cache.sweep(self._world.wall_ns(), _SWEEP_BUDGET)
        self._sweep_call = self._world.reactor.callLater(0 if has_more else _SWEEP_S, self._sweep)

    async def _stop(self) -> None:
        reactor = self._world.reactor
        if self._sweep_call is not None and self._sweep_call.active():
            self._sweep_call.cancel()
        for port in self._ports:
            await _settled(port.stopListening())
        deadline_s = reactor.seconds() + self._config.limits.shutdown_s
        for client in self.clients.connections.all():
            client.finish()
        await self._empty(self.clients.connections, deadline_s)
        self.neighbors.stop()
        await self._empty(self.neighbors.connections, max(deadline_s, reactor.seconds() + _LINKS_GRACE_S))
        await self.clients.finder.close()
        self._log.note("stopped")
        self._log.close()

    async def _empty(self, connections: Connections[Any], deadline_s: float) -> None:
        """Wait until all connections have closed by themselves; past the deadline close them."""
        reactor = self._world.reactor
        try:
            await connections.when_empty().addTimeout(max(0.0, deadline_s - reactor.seconds()), reactor)
        except DeferredTimeoutError:
            for connection in connections.all():
                connection.abort()


async def _settled(result: Deferred[Any] | None) -> None:
    if result is not None:
        await result


def build_node(config: Config, name: str, world: World, finder: Finder) -> Node:
    """Build the server called `name`; a `ConfigError` or `StartError` says what is in the way."""
    server = config.server(name)
    log = open_event_log(config, name, world)
    replica = Replica(name, server.neighbors, config.limits)
    clients = ClientContext(
        replica=replica,
        finder=finder,
        limits=config.limits,
        log=log,
        world=world,
        connections=Connections[ClientConnection](),
    )
    links = LinkContext(
        identity=Identity(herd=config.name, name=name, instance=world.token()),
        limits=config.limits,
        log=log,
        world=world,
    )
    endpoints = {
        neighbor: client_endpoint(
            world.reactor, config.server(neighbor).links.dial, config.limits.handshake_timeout_s
        )
        for neighbor in server.neighbors
    }
    return Node(config, server, world, clients, Neighbors(replica, links, endpoints))
