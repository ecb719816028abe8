"""What a reactor offers of networks: TCP, TLS over it, UDP, multicast, and Unix sockets.

The methods have the names, arguments and defaults of Twisted's own reactors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import (
    IReactorMulticast,
    IReactorSSL,
    IReactorTCP,
    IReactorUDP,
    IReactorUNIX,
)
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from herd.sim.engine.datagramports import SimulatedDatagramPort, SimulatedMulticastPort
from herd.sim.engine.transports import SimulatedConnector, SimulatedPort
from herd.sim.engine.unix import UnixConnector, UnixPort

if TYPE_CHECKING:
    from twisted.internet.interfaces import IListeningPort


@implementer(IReactorTCP, IReactorSSL, IReactorUDP, IReactorMulticast, IReactorUNIX)
class Networking:
    """A reactor's ways to listen and to connect."""

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> IListeningPort:
        """Listen; a `CannotListenError` if that cannot be done."""
        listening = SimulatedPort(port, factory, backlog, interface, self)
        listening.startListening()
        return listening

    def connectTCP(
        self, host: str, port: int, factory: Any, timeout: float = 30.0, bindAddress: Any = None
    ) -> SimulatedConnector:
        """Connect a client."""
        connector = SimulatedConnector(host, port, factory, timeout, bindAddress, self)
        connector.connect()
        return connector

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> Any:
        """Listen for TLS."""
        tls = TLSMemoryBIOFactory(contextFactory, False, factory)  # noqa: FBT003 - Twisted's flag
        listening: Any = self.listenTCP(port, tls, backlog, interface)
        listening._type = "TLS"  # noqa: SLF001 - as Twisted's reactors do, for the log
        return listening

    def connectSSL(  # noqa: PLR0913, PLR0917 - Twisted's arguments
        self,
        host: str,
        port: int,
        factory: Any,
        contextFactory: Any,
        timeout: float = 30,
        bindAddress: Any = None,
    ) -> SimulatedConnector:
        """Connect a client of TLS."""
        tls = TLSMemoryBIOFactory(contextFactory, True, factory)  # noqa: FBT003 - likewise
        return self.connectTCP(host, port, tls, timeout, bindAddress)

    def listenUDP(
        self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192
    ) -> IListeningPort:
        """Have a UDP port; a `CannotListenError` if that cannot be done."""
        listening = SimulatedDatagramPort(port, protocol, interface, maxPacketSize, self)
        listening.startListening()
        return listening

    def listenMulticast(
        self,
        port: int,
        protocol: Any,
        interface: str = "",
        maxPacketSize: int = 8192,
        listenMultiple: bool = False,  # noqa: FBT001, FBT002 - likewise
    ) -> Any:
        """Have a UDP port that may join groups."""
        listening = SimulatedMulticastPort(port, protocol, interface, maxPacketSize, self, listenMultiple)
        listening.startListening()
        return listening

    def listenUNIX(
        self,
        address: Any,
        factory: Any,
        backlog: int = 50,
        mode: int = 0o666,
        wantPID: Any = 0,
    ) -> IListeningPort:
        """Listen on a Unix socket, a file; a `CannotListenError` if that cannot be done."""
        listening = UnixPort(address, factory, backlog, mode, self, wantPID)
        listening.startListening()
        return listening

    def connectUNIX(
        self, address: Any, factory: Any, timeout: float = 30, checkPID: Any = 0
    ) -> UnixConnector:
        """Connect a client to a Unix socket."""
        connector = UnixConnector(address, factory, timeout, self, checkPID)
        connector.connect()
        return connector
