"""A few connections in memory, whose bytes arrive in an order that a seed decides.

Between any two ends bytes keep their order, as with TCP; which end gets its next piece first, and how large
the piece is, is drawn. So a race that real sockets show once a week is run through in a loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from herd.testing.transport import MemoryTransport

if TYPE_CHECKING:
    import random

    from herd.testing.clock import TurningClock


@frozen(eq=False)
class Connection:
    """Two ends. The first one dialed."""

    dialer: MemoryTransport
    acceptor: MemoryTransport

    @property
    def is_up(self) -> bool:
        """Tell whether both ends are connected."""
        return self.dialer.is_connected and self.acceptor.is_connected


class MemoryNetwork:
    """Named listeners, and the connections that were dialed to them."""

    def __init__(self, clock: TurningClock, source: random.Random) -> None:
        self.connections: list[Connection] = []
        self._clock = clock
        self._source = source
        self._listeners: dict[str, IProtocolFactory] = {}

    def listen(self, name: str, factory: IProtocolFactory) -> None:
        """Let `name` be dialed."""
        self._listeners[name] = factory

    def stop_listening(self, name: str) -> None:
        """Refuse who dials `name` from now on."""
        del self._listeners[name]

    def endpoint(self, name: str) -> MemoryEndpoint:
        """Return the endpoint that dials `name`."""
        return MemoryEndpoint(self, name)

    def connect(self, name: str, factory: Any) -> Deferred[IProtocol]:
        """Make a connection to `name`, or refuse it."""
        listener = self._listeners.get(name)
        if listener is None:
            return fail(Refused())
        connection = Connection(MemoryTransport(self._clock), MemoryTransport(self._clock))
        self.connections.append(connection)
        acceptor = listener.buildProtocol(connection.acceptor.getPeer())
        dialer = factory.buildProtocol(connection.dialer.getPeer())
        connection.acceptor.connect(acceptor)
        connection.dialer.connect(dialer)
        return succeed(dialer)

    def step(self) -> bool:
        """Let one end get what has come for it; tell whether anything had."""
        waiting = [
            (source, target)
            for connection in self.connections
            for source, target in (
                (connection.dialer, connection.acceptor),
                (connection.acceptor, connection.dialer),
            )
            if target.is_connected and (source.has_arrived or source.has_ended_output)
        ]
        if not waiting:
            return False
        source, target = self._source.choice(waiting)
        if source.was_aborted:
            target.lose()
        elif source.has_arrived:
            target.receive(source.take(self._source.choice([1, 20, 65_536])))
        else:
            target.receive_end()
        return True

    def settle(self) -> None:
        """Let everything arrive, and every call happen that is due by now."""
        for _ in range(100_000):
            self._clock.advance(0)
            if not self.step() and not self._clock.is_due:
                return
        raise AssertionError("the network does not come to rest")


@implementer(IStreamClientEndpoint)
@frozen
class MemoryEndpoint:
    """Dials one name of a network."""

    network: MemoryNetwork
    name: str

    def connect(self, protocolFactory: Any) -> Deferred[IProtocol]:  # noqa: N803 - the interface's
        """Dial."""
        return self.network.connect(self.name, protocolFactory)
