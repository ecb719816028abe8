"""One end of a TCP connection without a socket: what Twisted's own does, in memory and by hand.

The protocol's side of it behaves as `twisted.internet.tcp.Connection` does, with half-closing, producers and
an abort that takes effect in the next turn of the clock. The test is the other side: it sends, reads or
does not read, closes, or breaks the connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IHalfCloseableProtocol, IPushProducer, ITCPTransport
from twisted.python.failure import Failure
from zope.interface import implementer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twisted.internet.interfaces import IReactorTime

PEER = IPv4Address("TCP", "192.0.2.1", 50514)
HOST = IPv4Address("TCP", "192.0.2.2", 12480)


@implementer(ITCPTransport, IConsumer, IPushProducer)
class MemoryTransport:
    """One end. What is written has arrived at once, unless the other side is `stalled`."""

    def __init__(self, clock: IReactorTime, peer: IPv4Address = PEER, buffer_bytes: int = 65_536) -> None:
        self.writes: list[bytes] = []
        """Every write of the protocol, whole."""
        self.is_reading = True
        self.is_connected = False
        self.has_ended_output = False
        """Whether the other side sees the end of what is written."""
        self.was_aborted = False
        self._clock = clock
        self._peer = peer
        self._buffer_bytes = buffer_bytes
        self._protocol: Any = None
        self._producer: Any = None
        self._is_producer_paused = False
        self._is_stalled = False
        self._is_closing = False
        self._is_half_closing = False
        self._buffer = b""
        self._arrived = b""
        self._unread = b""
        self._has_input_ended = False

    # What the test does, as the other side.

    def connect(self, protocol: Any) -> None:
        """Join this end to its protocol."""
        self._protocol = protocol
        self.is_connected = True
        protocol.makeConnection(self)

    def receive(self, data: bytes) -> None:
        """Send to the protocol; while that does not read, the data waits as it would in the kernel."""
        self._unread += data
        self._deliver()

    def receive_end(self) -> None:
        """Half-close after all that was sent."""
        self._has_input_ended = True
        self._deliver()

    def lose(self) -> None:
        """Break the connection, as a reset does."""
        self._lost(ConnectionLost())

    def take(self, max_bytes: int | None = None) -> bytes:
        """Read what has arrived."""
        size = len(self._arrived) if max_bytes is None else max_bytes
        taken, self._arrived = self._arrived[:size], self._arrived[size:]
        return taken

    @property
    def has_arrived(self) -> bool:
        """Tell whether there is something to take."""
        return bool(self._arrived)

    def stall(self) -> None:
        """Stop reading: what the protocol writes now stays on its side."""
        self._is_stalled = True

    def drain(self) -> None:
        """Read on."""
        self._is_stalled = False
        self._flush()

    # What the protocol does.

    def write(self, data: bytes) -> None:
        """Take data, and pause the producer when there is too much of it."""
        if not self.is_connected or self.has_ended_output or not data:
            return
        self.writes.append(data)
        if not self._is_stalled:
            self._arrived += data
            return
        self._buffer += data
        if self._producer is not None and len(self._buffer) > self._buffer_bytes:
            self._is_producer_paused = True
            self._producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Write pieces as one."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close when all is written; nothing more is read."""
        self.is_reading = False
        self._is_closing = True
        self._clock.callLater(0, self._flush)

    def loseWriteConnection(self) -> None:
        """Half-close when all is written."""
        self._is_half_closing = True
        self._clock.callLater(0, self._flush)

    def abortConnection(self) -> None:
        """Close in the next turn, whatever is unwritten."""
        if self.is_connected and not self.was_aborted:
            self.was_aborted = True
            self.is_reading = False
            self._clock.callLater(0, self._lost, ConnectionAborted())

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Take the producer to pause when the other side does not read."""
        assert streaming
        assert self._producer is None
        self._producer = producer

    def unregisterProducer(self) -> None:
        """Let go of the producer."""
        self._producer = None

    def pauseProducing(self) -> None:
        """Stop reading."""
        self.is_reading = False

    def resumeProducing(self) -> None:
        """Read on, from the next turn."""
        if self.is_connected and not self._is_closing:
            self.is_reading = True
            self._clock.callLater(0, self._deliver)

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    def getPeer(self) -> IPv4Address:
        """Return an address of the range for documentation, as the next one does."""
        return self._peer

    def getHost(self) -> IPv4Address:
        """Return this end's address."""
        return HOST

    def getTcpNoDelay(self) -> bool:
        """Tell that writes leave at once."""
        return True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Do nothing: there is no socket."""

    def getTcpKeepAlive(self) -> bool:
        """Tell that nothing is probed."""
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:
        """Do nothing: there is no socket."""

    def _deliver(self) -> None:
        if not self.is_reading or not self.is_connected:
            return
        if self._unread:
            data, self._unread = self._unread, b""
            self._protocol.dataReceived(data)
            self._clock.callLater(0, self._deliver)
        elif self._has_input_ended:
            self.is_reading = False
            half_closeable = IHalfCloseableProtocol(self._protocol, None)
            if half_closeable is None:
                self._lost(ConnectionDone())
            else:
                half_closeable.readConnectionLost()

    def _flush(self) -> None:
        """Move what is written to the other side; then let the producer go on, or close."""
        if self._is_stalled or not self.is_connected or self.was_aborted:
            return
        self._arrived += self._buffer
        self._buffer = b""
        if self._producer is not None and self._is_producer_paused:
            self._is_producer_paused = False
            self._producer.resumeProducing()
        elif self._is_closing:
            self._lost(ConnectionDone())
        elif self._is_half_closing and not self.has_ended_output:
            self.has_ended_output = True
            half_closeable = IHalfCloseableProtocol(self._protocol, None)
            if half_closeable is not None:
                half_closeable.writeConnectionLost()

    def _lost(self, reason: Exception) -> None:
        if not self.is_connected:
            return
        self.is_connected = self.is_reading = False
        self.has_ended_output = True
        self._producer = None
        protocol, self._protocol = self._protocol, None
        protocol.connectionLost(Failure(reason))
