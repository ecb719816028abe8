"""Twisted's TCP transports on simulated sockets, with a quicker way through reading and writing.

Everything that is not here (closing, aborting, half-closing, producers, TLS) is Twisted's own code.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any, Self

from twisted.internet import main, tcp
from twisted.internet.abstract import isIPv6Address
from twisted.internet.error import ConnectBindError

from herd.sim.engine.native import PlainTransport
from herd.sim.engine.sockets import TcpSocket

if TYPE_CHECKING:
    from twisted.python.failure import Failure

_READ_BYTES = 65536

_PLAIN = {
    name: getattr(tcp.Connection, name)
    for name in (
        "SEND_LIMIT",
        "TLS",
        "_writeDisconnected",
        "_writeDisconnecting",
        "bufferSize",
        "connected",
        "dataBuffer",
        "disconnecting",
        "producer",
        "producerPaused",
        "streamingProducer",
    )
}
"""What every reading and writing asks, and Twisted's values for it."""


class _Quick(PlainTransport, tcp.Connection):
    """Reading and writing a simulated socket: what is plain quickly, the rest in Twisted's own way."""

    __slots__ = ()
    socket: TcpSocket  # type: ignore[assignment] # it does what Twisted asks of one

    def __new__(cls, *_args: Any) -> Self:
        """Make one with nothing in its way."""
        made = super().__new__(cls)
        made.reads_at_once = _READ_BYTES
        for name, value in _PLAIN.items():
            setattr(made, name, value)
        return made

    def doRead(self) -> Any:
        """Read what is there, once."""
        try:
            data = self.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return main.CONNECTION_LOST
        if not data:
            return main.CONNECTION_DONE
        self.protocol.dataReceived(data)
        return None

    def write_otherwise(self, data: Any) -> None:
        """Take data in Twisted's way."""
        super(PlainTransport, self).write(data)

    def do_write_otherwise(self) -> Any:
        """Write in Twisted's way."""
        return super(PlainTransport, self).doWrite()

    def connectionLost(self, reason: Failure) -> None:
        """Tell the trace, then the protocol."""
        if hasattr(self, "socket") and self.connected:
            self.socket.tell_gone(type(reason.value).__name__)
        super().connectionLost(reason)


class SimulatedServer(_Quick, tcp.Server):
    """A server's side of a connection."""

    __slots__ = ("client", "fileno", "hostname", "server", "sessionno")


class SimulatedClient(_Quick, tcp.Client):
    """A client's side of a connection."""

    __slots__ = ("addr", "connector", "fileno", "realAddress")

    def __init__(self, host: str | bytes, port: int, bind_address: Any, connector: Any, reactor: Any) -> None:
        if isIPv6Address(host if isinstance(host, str) else host.decode("ascii")):
            # A kernel without IPv6 would make no socket. Twisted's own way there asks for the address first.
            self.connector = connector
            self.addr = (host, port)
            failed = ConnectBindError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
            self._finishInit(None, None, failed, reactor)
        else:
            super().__init__(host, port, bind_address, connector, reactor)

    def createInternetSocket(self) -> TcpSocket:
        """Make a socket."""
        return TcpSocket(self.connector.reactor.process)


class SimulatedPort(tcp.Port):
    """A listening port."""

    transport = SimulatedServer  # type: ignore[assignment] # its `__new__` takes anything

    def startListening(self) -> None:
        """Listen; a socket of before is closed, as the last that held it lets go of it."""
        before = getattr(self, "socket", None)
        super().startListening()
        if before is not None:
            before.reader = None
            before.close()

    def createInternetSocket(self) -> Any:
        """Make a socket; hosts have IPv4 alone."""
        if self.addressFamily != socket.AF_INET:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return TcpSocket(self.reactor.process)  # type: ignore[attr-defined]


class SimulatedConnector(tcp.Connector):
    """What connects a client, and may be asked to do so again."""

    def _makeTransport(self) -> Any:
        return SimulatedClient(self.host, self.port, self.bindAddress, self, self.reactor)
