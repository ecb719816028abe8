"""Protocols and factories that note what happens to them, and connections between two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from zope.interface import implementer

from tests.sim.conformance.ground import HOME, Ground, port_number, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure


class Peer(Protocol):
    """One end of a connection: notes that it was made, what it hears, and why it was lost."""

    transport: Any

    def __init__(self, ground: Ground, name: str) -> None:
        self.ground = ground
        self.name = name
        self.heard_bytes = 0
        self.is_made = False
        self.is_lost = False

    def note(self, *what: object) -> None:
        self.ground.note(self.name, *what)

    def connectionMade(self) -> None:
        self.is_made = True
        self.ground.at_the_end(self.hang_up)
        self.note("made")

    def dataReceived(self, data: bytes) -> None:
        self.heard_bytes += len(data)
        self.ground.heard(self.name, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.is_lost = True
        self.note("lost", reason_of(reason))

    def hang_up(self) -> None:
        if not self.is_lost:
            self.transport.abortConnection()

    async def made(self) -> None:
        await self.ground.until(lambda: self.is_made)

    async def hears(self, count: int) -> None:
        """Wait until so many bytes came, in all."""
        await self.ground.until(lambda: self.heard_bytes >= count)

    async def lost(self) -> None:
        await self.ground.until(lambda: self.is_lost)


class Echo(Peer):
    """Says what it hears, and notes nothing of it."""

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)


@implementer(IHalfCloseableProtocol)
class HalfPeer(Peer):
    """An end that lives on when one direction is closed."""

    def readConnectionLost(self) -> None:
        self.note("read lost")

    def writeConnectionLost(self) -> None:
        self.note("write lost")


class Listener(Factory):
    """Builds peers by a function of (ground, name): `server`, `server 2` and so on."""

    noisy = False

    def __init__(self, ground: Ground, build: Callable[[Ground, str], Any] = Peer) -> None:
        self.ground = ground
        self.build = build
        self.built: list[Any] = []

    def buildProtocol(self, addr: Any) -> Any:
        name = f"server {len(self.built) + 1}" if self.built else "server"
        protocol = self.build(self.ground, name)
        self.built.append(protocol)
        return protocol


class Dialer(ClientFactory):
    """Notes, as `dialer`, everything that its connector tells it."""

    def __init__(self, ground: Ground, build: Callable[[Ground, str], Any] = Peer) -> None:
        self.ground = ground
        self.build = build
        self.built: list[Any] = []

    def note(self, *what: object) -> None:
        self.ground.note("dialer", *what)

    def startFactory(self) -> None:
        self.note("start")

    def stopFactory(self) -> None:
        self.note("stop")

    def startedConnecting(self, connector: Any) -> None:
        self.note("started", connector.state)

    def buildProtocol(self, addr: Any) -> Any:
        self.note("build")
        self.built.append(self.build(self.ground, "client"))
        return self.built[-1]

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.note("failed", reason_of(reason), connector.state)

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        self.note("lost", reason_of(reason), connector.state)


class Single(ClientFactory):
    """Gives one protocol to a connection."""

    noisy = False

    def __init__(self, protocol: Any) -> None:
        self.single = protocol

    def buildProtocol(self, addr: Any) -> Any:
        return self.single


async def pair(
    ground: Ground, server: Callable[[Ground, str], Any] = Peer, client: Callable[[Ground, str], Any] = Peer
) -> tuple[Any, Any]:
    """Return two connected peers, `server` and `client`; both have noted that they were made."""
    acceptor, dialer = server(ground, "server"), client(ground, "client")
    await connected(ground, acceptor, dialer)
    return acceptor, dialer


async def connected(ground: Ground, server: Peer, client: Peer) -> None:
    """Connect two peers."""
    port = ground.listen(Single(server))
    ground.reactor.connectTCP(HOME, port_number(port), Single(client))
    await ground.until(lambda: server.is_made and client.is_made)


async def all_lost(ground: Ground, *peers: Peer) -> None:
    """Wait until all these connections were lost."""
    await ground.until(lambda: all(peer.is_lost for peer in peers))
