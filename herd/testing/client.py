"""A client of a herd server, as a test drives it: say something, wait for a line, end, read the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from zope.interface import implementer

if TYPE_CHECKING:
    from pathlib import Path

    from twisted.internet.tcp import Connection
    from twisted.python.failure import Failure

PATIENCE_S = 5.0
"""How long a test waits for what should come at once."""


@implementer(IHalfCloseableProtocol)
class Client(Protocol):
    """One connection. What came and was not asked for yet is in `received`."""

    transport: Connection

    def __init__(self, reactor: Any) -> None:
        self.received = b""
        self.is_ended = False
        """Whether the server has closed, or half-closed."""
        self.is_lost = False
        self.reason: Failure | None = None
        """Why the connection was lost."""
        self._reactor = reactor
        self._waiting: list[tuple[Deferred[bytes], bytes | None]] = []
        self._waiting_for_loss: list[Deferred[None]] = []

    def send(self, data: bytes) -> None:
        """Say something."""
        self.transport.write(data)

    def end(self) -> None:
        """Half-close: say that nothing more will be said."""
        self.transport.loseWriteConnection()

    def abort(self) -> None:
        """Break the connection with a reset."""
        self.transport.abortConnection()

    def close(self) -> Deferred[None]:
        """Close, whoever else has or has not; the Deferred fires when the connection is gone."""
        if not self.is_lost:
            self.transport.loseConnection()
        return self.lost()

    def line(self) -> Deferred[bytes]:
        r"""Wait for the next line, its `\n` included."""
        return self.until(b"\n")

    def until(self, mark: bytes) -> Deferred[bytes]:
        """Wait for what comes up to and with `mark`; an `EOFError` if the server ends before that."""
        return self._wait(mark)

    def rest(self) -> Deferred[bytes]:
        """Wait for the server's end; return all that came before it."""
        return self._wait(None)

    def lost(self) -> Deferred[None]:
        """Wait until the connection is gone."""
        deferred: Deferred[None] = Deferred()
        if self.is_lost:
            deferred.callback(None)
        else:
            self._waiting_for_loss.append(deferred)
        return deferred.addTimeout(PATIENCE_S, self._reactor)

    def dataReceived(self, data: bytes) -> None:
        """Keep what came."""
        self.received += data
        self._serve()

    def readConnectionLost(self) -> None:
        """Note the server's end, and end too."""
        self.is_ended = True
        self._serve()
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Go on reading."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Note the loss."""
        self.is_ended = self.is_lost = True
        self.reason = reason
        self._serve()
        waiting, self._waiting_for_loss = self._waiting_for_loss, []
        for deferred in waiting:
            deferred.callback(None)

    def _wait(self, mark: bytes | None) -> Deferred[bytes]:
        deferred: Deferred[bytes] = Deferred()
        self._waiting.append((deferred, mark))
        self._serve()
        return deferred.addTimeout(PATIENCE_S, self._reactor)

    def _serve(self) -> None:
        while self._waiting:
            deferred, mark = self._waiting[0]
            if mark is not None and mark in self.received:
                size = self.received.index(mark) + len(mark)
            elif self.is_ended:
                size = len(self.received)
            else:
                return
            self._waiting.pop(0)
            taken, self.received = self.received[:size], self.received[size:]
            if mark is None or taken.endswith(mark):
                deferred.callback(taken)
            else:
                deferred.errback(EOFError(f"the server ended after {taken!r}, before {mark!r}"))


async def connect(reactor: Any, port: int, host: str = "127.0.0.1") -> Client:
    """Connect to a TCP port."""
    return await _connected(TCP4ClientEndpoint(reactor, host, port, timeout=PATIENCE_S), Client(reactor))


async def connect_unix(reactor: Any, path: Path) -> Client:
    """Connect to a Unix socket."""
    return await _connected(UNIXClientEndpoint(reactor, str(path), timeout=PATIENCE_S), Client(reactor))


async def _connected(endpoint: Any, client: Client) -> Client:
    await endpoint.connect(Factory.forProtocol(lambda: client))
    return client
