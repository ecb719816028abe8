"""Who is at the two ends of a connection, and what else its transport tells and takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IConsumer,
    IHalfCloseableDescriptor,
    IListeningPort,
    IPushProducer,
    IReactorTCP,
    ITCPTransport,
    ITLSTransport,
    ITransport,
)
from zope.interface.verify import verifyObject

from tests.sim.conformance.ground import HOME, port_number
from tests.sim.conformance.peers import Dialer, Listener, Peer, Single, pair
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground


@conforms(
    client=["made", "host IPv4Address TCP 127.0.0.1 int", "peer IPv4Address TCP 127.0.0.1 int"],
    server=["made", "host IPv4Address TCP 127.0.0.1 int", "peer IPv4Address TCP 127.0.0.1 int"],
)
async def test_the_types_of_addresses(ground: Ground) -> None:
    for peer in await pair(ground):
        for what, address in (("host", peer.transport.getHost()), ("peer", peer.transport.getPeer())):
            assert verifyObject(IAddress, address)
            port = type(address.port).__name__
            peer.note(what, type(address).__name__, address.type, address.host, port)


@conforms(client=["made"], server=["made"], addresses=["agree", "are equal", "hash alike", "differ"])
async def test_one_ends_host_is_the_other_ends_peer(ground: Ground) -> None:
    server, client = await pair(ground)
    host, peer = client.transport.getHost(), client.transport.getPeer()
    agree = host == server.transport.getPeer() and peer == server.transport.getHost()
    ground.note("addresses", "agree" if agree else "disagree")
    copy = IPv4Address("TCP", host.host, host.port)
    ground.note("addresses", "are equal" if copy == host else "are unequal")
    ground.note("addresses", "hash alike" if hash(copy) == hash(host) else "hash apart")
    ground.note("addresses", "differ" if host != peer else "are the same")


@conforms(
    client=["made", "lost ConnectionDone", "peer is kept", "raises AttributeError"],
    server=["made", "lost ConnectionDone", "peer is kept", "raises AttributeError"],
)
async def test_the_peers_address_outlives_the_connection(ground: Ground) -> None:
    server, client = await pair(ground)
    before = [(peer, peer.transport.getPeer()) for peer in (server, client)]
    client.transport.loseConnection()
    await ground.until(lambda: server.is_lost and client.is_lost)
    for peer, other in before:
        peer.note("peer", "is kept" if peer.transport.getPeer() == other else "is lost")
        ground.raises(peer.name, peer.transport.getHost)


@conforms(
    client=["made", "no delay: False", "no delay: True", "no delay: False"],
    server=["made", "no delay: False", "no delay: True", "no delay: False"],
)
async def test_delays_are_switched_off_and_on(ground: Ground) -> None:
    for peer in await pair(ground):
        peer.note("no delay:", peer.transport.getTcpNoDelay())
        peer.transport.setTcpNoDelay(enabled=True)
        peer.note("no delay:", peer.transport.getTcpNoDelay())
        peer.transport.setTcpNoDelay(0)
        peer.note("no delay:", peer.transport.getTcpNoDelay())


@conforms(
    client=["made", "keep alive: False", "keep alive: True", "keep alive: False"],
    server=["made", "keep alive: False", "keep alive: True", "keep alive: False"],
)
async def test_keep_alive_is_switched_on_and_off(ground: Ground) -> None:
    for peer in await pair(ground):
        peer.note("keep alive:", peer.transport.getTcpKeepAlive())
        peer.transport.setTcpKeepAlive(1)
        peer.note("keep alive:", peer.transport.getTcpKeepAlive())
        peer.transport.setTcpKeepAlive(enabled=False)
        peer.note("keep alive:", peer.transport.getTcpKeepAlive())


TRANSPORT = [ITransport, ITCPTransport, ITLSTransport, IConsumer, IPushProducer, IHalfCloseableDescriptor]
PROVIDED = ["made", *(interface.__name__ for interface in TRANSPORT)]


@conforms(client=PROVIDED, server=PROVIDED)
async def test_the_interfaces_of_a_transport(ground: Ground) -> None:
    for peer in await pair(ground):
        for interface in TRANSPORT:
            if verifyObject(interface, peer.transport):
                peer.note(interface.__name__)


@conforms(
    client=["made"],
    server=["made"],
    reactor=["IReactorTCP"],
    port=["IListeningPort"],
    connector=["IConnector", "IPv4Address", "its port"],
)
async def test_the_interfaces_of_a_port_and_a_connector(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    port = ground.listen(Single(server))
    connector = ground.reactor.connectTCP(HOME, port_number(port), Single(client))
    await ground.until(lambda: server.is_made and client.is_made)
    if verifyObject(IReactorTCP, ground.reactor):
        ground.note("reactor", "IReactorTCP")
    if verifyObject(IListeningPort, port):
        ground.note("port", "IListeningPort")
    if verifyObject(IConnector, connector):
        ground.note("connector", "IConnector")
    destination = connector.getDestination()
    ground.note("connector", type(destination).__name__)
    ground.note("connector", "its port" if destination == port.getHost() else "another port")


@conforms(client=["made", "bound as asked"], server=["made", "dialed from there"])
async def test_a_dialer_binds_its_own_end(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    spare = ground.reactor.listenTCP(0, Single(None), interface=HOME)
    number = port_number(spare)
    await spare.stopListening()
    port = ground.listen(Single(server))
    ground.reactor.connectTCP(HOME, port_number(port), Single(client), bindAddress=(HOME, number))
    await ground.until(lambda: server.is_made and client.is_made)
    client.note("bound as asked" if client.transport.getHost().port == number else "bound elsewhere")
    server.note("dialed from there" if server.transport.getPeer().port == number else "dialed from elsewhere")


@conforms(client=5 * ["made 127.0.0.1"], server=5 * ["made"])
async def test_ways_to_write_this_machines_address(ground: Ground) -> None:
    class Client(Peer):
        def connectionMade(self) -> None:
            self.ground.at_the_end(self.hang_up)
            self.note("made", self.transport.socket.getpeername()[0])

    listener = Listener(ground, lambda of, _: Peer(of, "server"))
    number = port_number(ground.listen(listener))
    for count, address in enumerate(("127.0.0.1", b"127.0.0.1", "127.1", "0.0.0.0", ""), start=1):
        ground.reactor.connectTCP(address, number, Single(Client(ground, "client")))
        await ground.until_noted("client", count)
        await ground.until_noted("server", count)


@conforms(dialer=["start", "started connecting", "failed OverflowError disconnected", "stop"])
async def test_a_port_that_no_machine_has(ground: Ground) -> None:
    ground.reactor.connectTCP(HOME, 65_536, Dialer(ground))
    await ground.until_noted("dialer", 4)
