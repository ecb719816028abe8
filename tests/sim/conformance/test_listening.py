"""Listening ports: opened, closed, opened again, taken; what becomes of their connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory

from tests.sim.conformance.ground import HOME, port_number, unclosed
from tests.sim.conformance.peers import Dialer, Listener, Peer, Single, all_lost
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground


class Noting(Listener):
    """A listener that notes when it is started and stopped."""

    def startFactory(self) -> None:
        self.ground.note("listener", "start")

    def stopFactory(self) -> None:
        self.ground.note("listener", "stop")


@conforms(listener=["start", "listening", "stopping", "stop", "fires NoneType", "again", "returns None"])
async def test_a_port_from_its_start_to_its_stop(ground: Ground) -> None:
    port = ground.listen(Noting(ground))
    ground.note("listener", "listening")
    ground.note("listener", "stopping")
    await ground.outcome("listener", port.stopListening())
    ground.note("listener", "again")
    ground.raises("listener", port.stopListening)


@conforms(
    client=["made", b"still here"],
    server=["made", "closed"],
    dialer=["start", "started connecting", "failed ConnectionRefusedError disconnected", "stop"],
)
async def test_connections_survive_their_port(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    port = ground.listen(Single(server))
    number = port_number(port)
    ground.reactor.connectTCP(HOME, number, Single(client))
    await ground.until(lambda: server.is_made and client.is_made)
    await port.stopListening()
    server.note("closed")
    server.transport.write(b"still here")
    await client.hears(10)
    ground.reactor.connectTCP(HOME, number, Dialer(ground))
    await ground.until_noted("dialer", 4)


@conforms(
    listener=["start", "stop", "start", "stop", "start"],
    client=["made", "made"],
    server=["made"],
    **{"server 2": ["made"]},
)
async def test_a_port_is_opened_again(ground: Ground) -> None:
    listener = Noting(ground)
    port = ground.listen(listener)
    await port.stopListening()
    port.startListening()
    ground.reactor.connectTCP(HOME, port_number(port), Single(Peer(ground, "client")))
    await ground.until_noted("client", 1)
    await ground.until_noted("server", 1)
    await port.stopListening()
    number = ground.free_port()
    port = ground.reactor.listenTCP(number, listener, interface=HOME)
    ground.at_the_end(port.stopListening)
    ground.reactor.connectTCP(HOME, number, Single(Peer(ground, "client")))
    await ground.until_noted("client", 2)
    await ground.until_noted("server 2", 1)


@conforms(listener=["start", "stop", "start"], client=["made"], server=["made"])
async def test_a_port_with_a_number_is_opened_again_where_it_was(ground: Ground) -> None:
    number = ground.free_port()
    port = ground.reactor.listenTCP(number, Noting(ground), interface=HOME)
    await port.stopListening()
    port.startListening()
    ground.at_the_end(port.stopListening)
    ground.reactor.connectTCP(HOME, number, Single(Peer(ground, "client")))
    await ground.until_noted("client", 1)
    await ground.until_noted("server", 1)


@conforms(
    second=[
        "CannotListenError",
        "interface 127.0.0.1",
        "port is the one",
        "cause 98 Address already in use",
        "Couldn't listen on 127.0.0.1:PORT: [Errno 98] Address already in use.",
    ],
    listener=["start"],
)
async def test_a_port_that_is_taken(ground: Ground) -> None:
    first = Noting(ground)
    number = port_number(ground.listen(first))
    second = Noting(ground)
    try:
        ground.reactor.listenTCP(number, second, interface=HOME)
    except CannotListenError as error:
        ground.note("second", type(error).__name__)
        ground.note("second", "interface", error.interface)
        ground.note("second", "port is the one" if error.port == number else "another port")
        ground.note("second", "cause", error.socketError.errno, error.socketError.strerror)
        ground.note("second", str(error).replace(str(number), "PORT"))


@conforms(listener=["Couldn't listen on 192.0.2.1:0: [Errno 99] Cannot assign requested address."])
async def test_an_address_that_is_not_ours(ground: Ground) -> None:
    try:
        ground.reactor.listenTCP(0, Single(None), interface="192.0.2.1")
    except CannotListenError as error:
        ground.note("listener", str(error))


@conforms(listener=["IPv4Address TCP 127.0.0.1 True", "True", "different"])
async def test_a_free_port_is_found(ground: Ground) -> None:
    first, second = ground.listen(Single(None)), ground.listen(Single(None))
    host = first.getHost()
    ground.note("listener", type(host).__name__, host.type, host.host, 1024 < host.port < 65536)
    ground.note("listener", host == first.getHost())
    ground.note("listener", "different" if host != second.getHost() else "the same")


@conforms(
    listener=["0.0.0.0"], client=["made", "127.0.0.1 127.0.0.1"], server=["made", "127.0.0.1 127.0.0.1"]
)
async def test_a_port_on_every_interface(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    port = ground.reactor.listenTCP(0, Single(server))
    ground.at_the_end(port.stopListening)
    ground.note("listener", port.getHost().host)
    ground.reactor.connectTCP(HOME, port_number(port), Single(client))
    await ground.until(lambda: server.is_made and client.is_made)
    for peer in (server, client):
        peer.note(peer.transport.getHost().host, peer.transport.getPeer().host)


@conforms(listener=["start", "two ports", "one port", "stop"])
async def test_one_factory_on_two_ports(ground: Ground) -> None:
    listener = Noting(ground)
    first, second = ground.listen(listener), ground.listen(listener)
    ground.note("listener", "two ports" if listener.numPorts == 2 else listener.numPorts)
    await first.stopListening()
    ground.note("listener", "one port" if listener.numPorts == 1 else listener.numPorts)
    await second.stopListening()


class Once(Peer):
    port: Any

    def connectionMade(self) -> None:
        super().connectionMade()
        self.note("closes")
        self.port.stopListening()


@conforms(
    server=["made", "closes", b"hello"],
    client=["made"],
    dialer=["start", "started connecting", "failed ConnectionRefusedError disconnected", "stop"],
)
async def test_a_port_is_closed_by_its_first_connection(ground: Ground) -> None:
    server, client = Once(ground, "server"), Peer(ground, "client")
    server.port = ground.listen(Single(server))
    number = port_number(server.port)
    ground.reactor.connectTCP(HOME, number, Single(client))
    await ground.until(lambda: server.is_made and client.is_made)
    client.transport.write(b"hello")
    await server.hears(5)
    ground.reactor.connectTCP(HOME, number, Dialer(ground))
    await ground.until_noted("dialer", 4)


@conforms(client=["made", "waiting"], server=["made", b"patience"])
async def test_a_paused_port_lets_dialers_wait(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    port = ground.listen(Single(server))
    port.pauseProducing()
    ground.reactor.connectTCP(HOME, port_number(port), Single(client))
    await client.made()
    client.transport.write(b"patience")
    await ground.moment()
    client.note("waiting" if not server.is_made else "too early")
    port.resumeProducing()
    await server.hears(8)


@conforms(client=["made", "lost ConnectionLost"])
async def test_a_dialer_that_waits_is_reset_when_the_port_closes(ground: Ground) -> None:
    client = Peer(ground, "client")
    port = ground.listen(Single(Peer(ground, "server")))
    port.pauseProducing()
    ground.reactor.connectTCP(HOME, port_number(port), Single(client))
    await client.made()
    await port.stopListening()
    await client.lost()


@conforms(
    server=["made", "lost ConnectionDone"],
    listener=["build for its peer", "host is the port's"],
    client=["made", "peer is the port's", "lost ConnectionDone"],
)
async def test_the_address_that_a_factory_builds_for(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    addresses: list[Any] = []

    class Building(Factory):
        noisy = False

        def buildProtocol(self, addr: Any) -> Any:
            addresses.append(addr)
            return server

    port = ground.listen(Building())
    ground.reactor.connectTCP(HOME, port_number(port), Single(client))
    await ground.until(lambda: server.is_made and client.is_made)
    same = addresses == [server.transport.getPeer()] == [client.transport.getHost()]
    ground.note("listener", "build for its peer" if same else "build for another")
    same = server.transport.getHost() == port.getHost()
    ground.note("listener", "host is the port's" if same else "host is another")
    client.note("peer is the port's" if client.transport.getPeer() == port.getHost() else "peer is another")
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(listener=["raises OverflowError", "raises OverflowError"])
async def test_ports_that_no_machine_has(ground: Ground) -> None:
    for number in (65_536, -1):
        with unclosed():
            ground.raises("listener", ground.reactor.listenTCP, number, Factory(), interface=HOME)
