"""The flood as a plain Twisted program, over TCP and over UDP. It knows no simulator.

Every host is `flood(reactor, host)`, with the reactor as an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import define, frozen
from benching.sim.node import Node
from benching.sim.plan import DIAL_S, PORT
from twisted.internet.protocol import ClientFactory, DatagramProtocol, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


@frozen
class Hosted:
    """One host's part of a plan: whom it dials, whom it knows, what is injected there."""

    node: Node
    dials: Sequence[str]
    neighbors: Sequence[str]
    injections: Sequence[tuple[float, bytes]]


class StreamLink(Protocol):
    """One end of a connection."""

    transport: Any

    def __init__(self, node: Node) -> None:
        self.node = node
        self.rest = b""

    def connectionMade(self) -> None:
        """Use it."""
        self.node.links.append(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """Take messages."""
        self.rest = self.node.receive_chunk(self.rest + data if self.rest else data, self.transport)


class StreamLinks(ClientFactory):
    """Makes both ends of connections."""

    noisy = False

    def __init__(self, node: Node) -> None:
        self.node = node

    def buildProtocol(self, _address: Any) -> StreamLink:
        """Make one."""
        return StreamLink(self.node)


def by_streams(reactor: Any, host: Hosted) -> None:
    """Run a host over TCP."""
    links = StreamLinks(host.node)
    reactor.listenTCP(PORT, links)
    for address in host.dials:
        reactor.callLater(DIAL_S, reactor.connectTCP, address, PORT, links)
    for at_s, message in host.injections:
        reactor.callLater(at_s, host.node.inject, message)


@define(eq=False)
class DatagramLink:
    """The way to one neighbor over a shared port."""

    transport: Any
    address: tuple[str, int]

    def write(self, data: bytes, /) -> None:
        """Send one datagram."""
        self.transport.write(data, self.address)


class DatagramHost(DatagramProtocol):
    """A host's port."""

    noisy = False

    def __init__(self, host: Hosted) -> None:
        self.host = host
        self.links: dict[tuple[str, int], DatagramLink] = {}

    def startProtocol(self) -> None:  # noqa: N802 - Twisted calls it so
        """Know the neighbors."""
        for name in self.host.neighbors:
            address = (name, PORT)
            self.links[address] = DatagramLink(self.transport, address)
        self.host.node.links.extend(self.links.values())

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        """Take a message."""
        self.host.node.receive(datagram, self.links[addr])


def by_datagrams(reactor: Any, host: Hosted) -> None:
    """Run a host over UDP."""
    reactor.listenUDP(PORT, DatagramHost(host))
    for at_s, message in host.injections:
        reactor.callLater(at_s, host.node.inject, message)


WAYS: Final[dict[str, Callable[[Any, Hosted], None]]] = {"protocols": by_streams, "datagrams": by_datagrams}
