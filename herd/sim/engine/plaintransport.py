"""Writing to a simulated socket: the same steps as Twisted's, in fewer calls.

What is not plain (TLS, a connection that closes, no room) goes Twisted's own way, by methods that whoever
inherits from this class has.
"""

# The names are Twisted's own.
# ruff: noqa: N815

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from herd.sim.engine.sockets import TcpSocket


class PlainTransport:
    """One end of a connection, as a program writes to it.

    Its attributes are those of Twisted's own that every writing asks for. To find them in a class would take
    four times as long as in a slot.
    """

    __slots__ = (
        "SEND_LIMIT",
        "TLS",
        "_tempDataBuffer",
        "_tempDataLen",
        "_writeDisconnected",
        "_writeDisconnecting",
        "bufferSize",
        "connected",
        "dataBuffer",
        "disconnecting",
        "producer",
        "producerPaused",
        "protocol",
        "reactor",
        "reads_at_once",
        "socket",
        "streamingProducer",
    )
    SEND_LIMIT: int
    TLS: bool
    _tempDataBuffer: list[bytes]
    _tempDataLen: int
    _writeDisconnected: bool
    _writeDisconnecting: bool
    bufferSize: int
    connected: Any
    dataBuffer: bytes
    disconnecting: Any
    producer: Any
    producerPaused: bool
    protocol: Any
    reactor: Any
    reads_at_once: int
    """How much data goes to the protocol as it comes, with no look into the socket."""
    socket: TcpSocket
    streamingProducer: bool

    def write(self, data: bytes) -> None:
        """Take data for the end of the turn."""
        if (
            type(data) is not bytes
            or self.TLS
            or self.producer is not None
            or self._writeDisconnected
            or not self.connected
        ):
            self.write_otherwise(data)
        elif data:
            self._tempDataBuffer.append(data)
            self._tempDataLen += len(data)
            socket = self.socket
            if socket.writer is not None:
                return
            if socket.reader is self:
                socket.writer = self
                self.reactor.write_at_end(self)
            else:
                self.reactor.addWriter(self)

    def write_otherwise(self, data: Any) -> None:
        """Take data in Twisted's way."""
        raise NotImplementedError

    def doWrite(self) -> Any:
        """Write what was taken."""
        taken = self._tempDataBuffer
        if (
            not taken
            or self.dataBuffer
            or self.disconnecting
            or self._writeDisconnecting
            or (self.producer is not None and (self.producerPaused or not self.streamingProducer))
            or self._tempDataLen > self.SEND_LIMIT
            or not self.socket.send_whole(taken[0] if len(taken) == 1 else b"".join(taken))
        ):
            return self.do_write_otherwise()
        taken.clear()
        self._tempDataLen = 0
        if self.socket.reader is self:
            self.socket.writer = None
        else:
            self.reactor.removeWriter(self)
        return None

    def do_write_otherwise(self) -> Any:
        """Write in Twisted's way."""
        raise NotImplementedError
