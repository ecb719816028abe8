"""TCP transports that send at once.

Twisted's own queue what is written, and send it when the kernel says that the socket takes more: for every
answer that is two changes of the poller's set and another turn of the reactor, which cost more than the
answer. Here a write that has nothing queued before it goes to the kernel at once. What the kernel does not
take is queued, and from then on all is Twisted's: the queue, producers that are paused and resumed, the end
of a connection once its queue is empty.

A send that fails says so no sooner than in Twisted, in the reactor's next turn: nobody is told within
`write` that the connection is lost.
"""

from __future__ import annotations

from errno import ENOBUFS
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.tcp import Client, Connection, Connector, Port, Server
from zope.interface import directlyProvides, providedBy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twisted.internet.error import ConnectionDone, ConnectionLost
    from twisted.internet.interfaces import IConnector, IListeningPort, IProtocolFactory
    from twisted.internet.protocol import ClientFactory
    from twisted.python.failure import Failure

_CONNECT_TIMEOUT_S: Final = 30.0
"""Twisted's own."""


Lane: TypeAlias = "Callable[[int], bytes | None]"
"""Takes a descriptor; reads, answers and sends, and returns what it leaves, `b""` at the end of input."""


class QuickConnection(Connection):
    """A connection that sends at once what is written."""

    lane: Lane | None = None
    """The fast lane, if the protocol has one and it may be taken now."""
    _has_failed = False
    """Whether a send has failed; the reactor learns it in its next turn."""

    def write(self, data: bytes) -> None:
        """Send, if nothing is to be sent before this; queue what the kernel does not take."""
        if (
            self._tempDataLen
            or self.dataBuffer
            or not self.connected
            or self._writeDisconnected
            or self._aborting
            or self.TLS
            or (self.producer is not None and (self.producerPaused or not self.streamingProducer))
            or type(data) is not bytes
            or not data
        ):
            super().write(data)
            return
        try:
            sent = self.socket.send(data)
        except OSError as error:
            self._has_failed = not isinstance(error, BlockingIOError) and error.errno != ENOBUFS
            sent = 0
        if sent < len(data):
            super().write(data[sent:])

    def connectionLost(self, reason: Failure) -> None:
        """Let go of the protocol's fast lane, and with it of the protocol."""
        self.lane = None
        super().connectionLost(reason)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        """Send or queue all of it in one piece."""
        pieces = list(iovec)
        if all(isinstance(piece, bytes) for piece in pieces):
            self.write(b"".join(pieces))
        else:
            super().writeSequence(pieces)  # which says what is wrong with it

    # An aborted connection replaces it, which is all that mypy sees.
    def doRead(self) -> ConnectionLost | ConnectionDone | None:  # type: ignore[override]
        """Hand what has come to the protocol."""
        try:
            if self.lane is None or self._tempDataLen or self.dataBuffer or self.disconnecting:
                data = self.socket.recv(self.bufferSize)
            else:
                left = self.lane(self.fileno())
                if left is None:
                    return None
                data = left
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if data:
            self.protocol.dataReceived(data)
            return None
        # The kernel tells of a reset once; if `write` was told, reading finds a plain end.
        return CONNECTION_LOST if self._has_failed else CONNECTION_DONE

    def doWrite(self) -> Any:
        """Send what is queued, or tell the reactor that sending has failed."""
        return CONNECTION_LOST if self._has_failed else super().doWrite()


class QuickServer(QuickConnection, Server):
    """A connection that was accepted."""


class QuickClient(QuickConnection, Client):
    """A connection that was dialed."""


class QuickPort(Port):
    """A port whose connections send at once."""

    transport = QuickServer


class QuickConnector(Connector):
    """Dials connections that send at once."""

    def _makeTransport(self) -> Client:
        return QuickClient(self.host, self.port, self.bindAddress, self, self.reactor)


class QuickTcp:
    """One of Twisted's reactors, but TCP connections that are made by it send at once."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        directlyProvides(self, providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(
        self, port: int, factory: IProtocolFactory, backlog: int = 50, interface: str = ""
    ) -> IListeningPort:
        """Listen as `IReactorTCP` says."""
        listening = QuickPort(port, factory, backlog, interface, self._reactor)
        listening.startListening()
        return listening

    def connectTCP(
        self,
        host: str,
        port: int,
        factory: ClientFactory[Any],
        timeout: float = _CONNECT_TIMEOUT_S,
        bindAddress: Any = None,  # noqa: N803 - the interface's name
    ) -> IConnector:
        """Dial as `IReactorTCP` says."""
        connector = QuickConnector(host, port, factory, timeout, bindAddress, self._reactor)
        connector.connect()
        return connector
