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
from twisted.internet.defer import CancelledError, Deferred
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
    from twisted.python.failure import Failure

    from herd.config.model import Config, Server
    from herd.places.finder import Finder
    from herd.server.world import World

_SWEEP_S: Final = 1.0
_SWEEP_BUDGET: Final = 2000
"""Records that one sweep looks at: about two milliseconds."""

_GRACE_S: Final = 1.0
"""What each later step of stopping may take at the least, though clients have used up the time for it."""


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
        ports, self._ports = self._ports, []
        for port in ports:
            await _settled(port.stopListening())
        deadline_s = reactor.seconds() + self._config.limits.shutdown_s
        await self._close_clients(deadline_s)
        self.neighbors.stop()
        await self._empty(self.neighbors.connections, max(deadline_s, reactor.seconds() + _GRACE_S))
        self._log.note("stopped")
        self._log.close()

    async def _close_clients(self, deadline_s: float) -> None:
        """Answer what is in flight; what has no places by the deadline is answered without."""
        reactor, clients = self._world.reactor, self.clients
        for client in clients.connections.all():
            client.finish()
        await _wait(clients.connections.when_empty(), deadline_s, reactor)
        closing = clients.finder.close().addErrback(self._places_not_closed)
        await self._empty(clients.connections, reactor.seconds() + _GRACE_S)
        await _wait(closing, reactor.seconds() + _GRACE_S, reactor)

    async def _empty(self, connections: Connections[Any], deadline_s: float) -> None:
        """Wait until all connections have closed by themselves; past the deadline close them."""
        if not await _wait(connections.when_empty(), deadline_s, self._world.reactor):
            for connection in connections.all():
                connection.abort()
            await connections.when_empty()

    def _places_not_closed(self, failure: Failure) -> None:
        reason = "it took too long" if failure.check(CancelledError) else failure.getErrorMessage()
        self._log.note(f"the places provider did not close: {reason}")


async def _wait(waited_for: Deferred[None], deadline_s: float, reactor: Any) -> bool:
    """Wait no longer than until `deadline_s`; tell whether it happened."""
    try:
        await waited_for.addTimeout(max(0.0, deadline_s - reactor.seconds()), reactor)
    except DeferredTimeoutError:
        return False
    return True


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
