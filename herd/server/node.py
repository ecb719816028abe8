"""One herd server, started and stopped.

Starting reads the journal, then listens. Stopping is orderly: no new connections, then what is in flight is
answered, then neighbors get what they are owed, then the journal is closed, and all of it in bounded time.
Between the two a tick a second drops what has expired, breaks promises that are overdue, and closes idle
clients.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from attrs import asdict, evolve, frozen
from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.interfaces import (
    IProtocolFactory,
    IStreamClientEndpoint,
)

from herd import __version__
from herd.config.model import Config
from herd.core.cache import SHARDS
from herd.core.errors import ConfigError, HerdError
from herd.core.native import CORE
from herd.server.clientcontext import ClientContext
from herd.server.control import ControlFactory, listen_control
from herd.server.journal import Journal
from herd.server.journal_file import load_cache, open_journal_file, set_aside
from herd.server.listening import listen, server_endpoint
from herd.server.neighbors import Neighbors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.internet.interfaces import (
        IDelayedCall,
        IListeningPort,
    )
    from twisted.python.failure import Failure

    from herd.config.model import Endpoint, Server
    from herd.server.connections import Connections
    from herd.server.eventlog import EventLog
    from herd.server.world import World

_TICK_S: Final = 1.0
_SWEEP_BUDGET: Final = 2000
"""Records that one sweep looks at: about two milliseconds."""

_GRACE_S: Final = 1.0
"""What each later step of stopping may take at the least, though clients have used up the time for it."""


@frozen
class Parts:
    """What a node is made of; `server.build` makes them."""

    clients: ClientContext
    neighbors: Neighbors
    client_factory: IProtocolFactory
    link_factory: IProtocolFactory
    endpoints: Callable[[Config], dict[str, IStreamClientEndpoint]]
    """How to dial the neighbors that a configuration names."""
    read_again: Callable[[], Config] | None
    """Reads the configuration for a reload; None where there is no file to read."""


class Node(Service):
    """A server of the herd, ready to be started."""

    def __init__(self, config: Config, server: Server, world: World, parts: Parts) -> None:
        self.clients = parts.clients
        self.neighbors = parts.neighbors
        self._parts = parts
        self._config = config
        self._server = server
        self._world = world
        self._log: EventLog = parts.clients.log
        self._ports: list[IListeningPort] = []
        self._journal: Journal | None = None
        self._tick_call: IDelayedCall | None = None
        self._sweep_call: IDelayedCall | None = None
        self._started_s = world.reactor.seconds()

    def privilegedStartService(self) -> None:
        """Read the journal and listen; a `HerdError` says why that cannot be done."""
        if not self._ports:
            self._listen()

    def startService(self) -> None:
        """Go to work."""
        self.privilegedStartService()
        Service.startService(self)
        self.neighbors.start()
        self._tick()
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
        clients = self.clients
        return {
            "name": self._server.name,
            "herd": self._config.name,
            "version": __version__,
            "core": CORE,
            "pid": os.getpid(),
            "uptime_s": round(self._world.reactor.seconds() - self._started_s, 3),
            "clients": str(self._server.clients.listen),
            "links": str(self._server.links.listen),
            "log": str(self._config.log_file(self._server.name)),
            "records": len(clients.replica.cache),
            "refused_records": clients.replica.refused,
            "connections": len(clients.connections),
            "provider": self._config.places.provider,
            "durability": self._config.durability_of(self._server.name),
            "answers_waiting": 0 if clients.promises is None else len(clients.promises),
            "journal": None if self._journal is None else self._journal.status(),
            "neighbors": [asdict(neighbor) for neighbor in self.neighbors.status()],
        }

    def reload(self) -> list[str]:
        """Read the configuration again and take on what can change while running; return what was done.

        A `ConfigError` refuses a bad file whole: nothing has changed then.
        """
        if self._parts.read_again is None:
            raise ConfigError(["there is no configuration file to read again"])
        try:
            config = self._parts.read_again()
        except ConfigError as error:
            self._log.note(f"keeps its old configuration: {'; '.join(error.problems)}")
            raise
        done = self._take_on(config)
        self._log.note("read its configuration again: " + ("; ".join(done) or "nothing has changed"))
        return done

    def _take_on(self, config: Config) -> list[str]:
        old = self._config
        logging = evolve(old.logging, lines=config.logging.lines)
        self._config = evolve(old, limits=config.limits, logging=logging)
        clients, neighbors = self.clients, self.neighbors
        done = []
        endpoints = self._parts.endpoints(config)
        if sorted(endpoints) != sorted(neighbors.names):
            neighbors.replace(endpoints)
            done.append(f"neighbors are now {', '.join(neighbors.names) or 'none'}")
        if config.limits != old.limits:
            clients.limits = neighbors.context.limits = config.limits
            clients.replica.configure(config.limits)
            clients.connections.look_at_all()
            done.append("limits have changed")
        if config.logging.lines != old.logging.lines:
            self._log.lines = config.logging.lines
            done.append(f"lines are {'' if self._log.lines else 'not '}logged")
        later = [what for what, before, after in self._lasting(old, config) if before != after]
        if later:
            done.append(f"only after a restart: {', '.join(later)}")
        return done

    def _lasting(self, old: Config, new: Config) -> list[tuple[str, object, object]]:
        """Return what cannot change while a server runs, as it is and as it would be."""
        name = self._server.name
        return [
            ("the herd's name", old.name, new.name),
            ("clients", self._server.clients, new.server(name).clients),
            ("links", self._server.links, new.server(name).links),
            ("durability", old.durability_of(name), new.durability_of(name)),
            ("state", old.state, new.state),
            ("places", old.places, new.places),
            ("the secret of the links", old.links, new.links),
            ("tls", old.tls, new.tls),
            ("logging", evolve(old.logging, lines=new.logging.lines), new.logging),
            ("addresses of neighbors", _addresses(old, new), _addresses(new, old)),
        ]

    def _listen(self) -> None:
        reactor, server = self._world.reactor, self._server
        path = self._config.control_socket(server.name)
        try:
            if self._config.durability_of(server.name) == "disk":
                self._journal = self._open_journal()
            for endpoint, factory in (
                (server.links, self._parts.link_factory),
                (server.clients, self._parts.client_factory),
            ):
                listening = server_endpoint(reactor, endpoint.listen)
                self._ports.append(listen(listening, factory, endpoint.listen, server.name))
            self._ports.append(listen_control(reactor, path, ControlFactory(self._commands())))
        except Exception:
            for port in self._ports:
                port.stopListening()
            self._ports.clear()
            if self._journal is not None:
                self._journal.abandon()
            raise

    def _open_journal(self) -> Journal:
        """Fill the cache from the journal, and see that it gets all that comes."""
        clients, neighbors = self.clients, self.neighbors
        path = self._config.journal_file(self._server.name)
        identity = f"{self._config.name} {self._server.name}"
        suffix = str(self._world.wall_ns())
        file = open_journal_file(path, identity, self._log.note, suffix)
        is_damaged = False
        try:
            loaded = load_cache(file, clients.replica.cache, self._world.wall_ns(), self._log.note)
        except sqlite3.DatabaseError as error:
            file = set_aside(file, identity, error, self._log.note, suffix)
            loaded = len(clients.replica.cache)
            is_damaged = True
        self._log.note(f"{loaded:,} records are alive in the journal {path}")
        assert clients.promises is not None
        journal = Journal(file, clients.replica.cache, clients.promises, self._log, self._world)
        clients.replica.flood.keep(journal.outbox)
        clients.replica.cache.on_dropped = journal.drop

        def owed() -> None:
            neighbors.schedule_flush()
            journal.schedule()

        clients.replica.on_owed = clients.promises.on_wait = owed
        if is_damaged:  # what could be read of the old file is to be in the new one
            for shard in range(SHARDS):
                journal.outbox.put(clients.replica.cache.shard(shard))
            journal.schedule()
        return journal

    def _commands(self) -> Mapping[str, Any]:
        return {
            "status": lambda _: {"status": self.status()},
            "reload": lambda _: {"done": self.reload()},
            "reconcile": lambda request: {"links": self._reconcile(request.get("neighbors"))},
        }

    def _reconcile(self, wanted: object) -> list[str]:
        names = self.neighbors.names
        if wanted is not None and not (isinstance(wanted, list) and all(name in names for name in wanted)):
            raise HerdError(f"neighbors must be some of: {', '.join(names)}")
        return self.neighbors.reconcile(names if wanted is None else wanted)

    def _tick(self) -> None:
        now_s, limits = self._world.reactor.seconds(), self._config.limits
        clients = self.clients
        if clients.promises is not None:
            clients.promises.expire(now_s - limits.promise_timeout_s)
        for number, client in clients.connections.take_due(now_s):
            clients.connections.look_again(number, client.close_if_idle(now_s))
        if self._sweep_call is None:
            self._sweep()
        self._tick_call = self._world.reactor.callLater(_TICK_S, self._tick)

    def _sweep(self) -> None:
        """Drop expired records, a slice at a time."""
        has_more = self.clients.replica.cache.sweep(self._world.wall_ns(), _SWEEP_BUDGET)
        self._sweep_call = self._world.reactor.callLater(0, self._sweep) if has_more else None

    async def _stop(self) -> None:
        reactor, neighbors = self._world.reactor, self.neighbors
        ports, self._ports = self._ports, []
        for port in ports:
            await _settled(port.stopListening())
        deadline_s = reactor.seconds() + self._config.limits.shutdown_s
        await self._close_clients(deadline_s)
        neighbors.stop()
        await self._empty(neighbors.connections, max(deadline_s, reactor.seconds() + _GRACE_S))
        for call in (self._tick_call, self._sweep_call):
            if call is not None and call.active():
                call.cancel()
        if self._journal is not None:
            await self._journal.close()
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


def _addresses(config: Config, other: Config) -> list[Endpoint]:
    """Return where the servers listen for neighbors that are in another configuration too."""
    return [config.server(name).links for name in sorted({*config.names} & {*other.names})]


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
