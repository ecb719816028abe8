"""Errors in programs: what is logged, which connection is lost for it, and that the reactor goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.protocol import ClientFactory, DatagramProtocol

from tests.sim.conformance.ground import HOME, port_number
from tests.sim.conformance.peers import Dialer, Listener, Peer, Single, all_lost, connected, pair
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground


class Stumbling(Peer):
    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        raise ZeroDivisionError


@conforms(
    server=["made", b"!", "lost ZeroDivisionError"],
    client=["made", "lost ConnectionDone"],
    log=["ZeroDivisionError"],
)
async def test_an_error_on_data_loses_the_connection(ground: Ground) -> None:
    server, client = await pair(ground, server=Stumbling)
    client.transport.write(b"!")
    await all_lost(ground, server, client)


@conforms(
    client=["made", b"!", "lost ZeroDivisionError"],
    server=["made", "lost ConnectionDone"],
    dialer=["start", "started connecting", "build", "lost ZeroDivisionError disconnected", "stop"],
    log=["ZeroDivisionError"],
)
async def test_a_dialer_is_told_of_its_protocols_error(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Stumbling(ground, "client")
    dialer = Dialer(ground, lambda *_: client)
    ground.reactor.connectTCP(HOME, port_number(ground.listen(Single(server))), dialer)
    await ground.until(lambda: server.is_made and client.is_made)
    server.transport.write(b"!")
    await all_lost(ground, server, client)
    await ground.until_noted("dialer", 5)


class Stillborn(Peer):
    def connectionMade(self) -> None:
        super().connectionMade()
        raise ZeroDivisionError


@conforms(
    client=["made", "lost ZeroDivisionError"],
    server=["made", "lost ConnectionDone"],
    log=["ZeroDivisionError"],
)
async def test_an_error_of_a_dialer_when_made_loses_the_connection(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Stillborn(ground, "client")
    await connected(ground, server, client)
    await all_lost(ground, server, client)


@conforms(
    client=["made"],
    server=["made", b"alive all the same"],
    log=["ZeroDivisionError"],
)
async def test_an_error_of_an_acceptor_when_made_is_only_logged(ground: Ground) -> None:
    server, client = await pair(ground, server=Stillborn)
    client.transport.write(b"alive all the same")
    await server.hears(18)


class Whining(Peer):
    def connectionLost(self, reason: Any = None) -> None:
        super().connectionLost(reason)
        raise ZeroDivisionError


@conforms(
    client=["made", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
    log=["ZeroDivisionError"],
)
async def test_an_error_when_lost_is_logged(ground: Ground) -> None:
    server, client = await pair(ground, server=Whining)
    client.transport.loseConnection()
    await all_lost(ground, server, client)
    await ground.until_noted("log", 1)


@conforms(
    server=["made", "lost ZeroDivisionError"],
    client=["made", "lost ConnectionDone"],
    log=["ZeroDivisionError"],
)
async def test_an_error_overtakes_an_abort(ground: Ground) -> None:
    class Furious(Peer):
        def dataReceived(self, data: bytes) -> None:
            self.transport.abortConnection()
            raise ZeroDivisionError

    server, client = await pair(ground, server=Furious)
    client.transport.write(b"?")
    await all_lost(ground, server, client)


class BreakingDialer(ClientFactory):
    noisy = False

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def buildProtocol(self, addr: Any) -> Any:
        raise ZeroDivisionError

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self.ground.note("dialer", "failed", reason.type.__name__)

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        self.ground.note("dialer", "lost", reason.type.__name__)


@conforms(
    server=["made", "lost ConnectionDone"],
    dialer=["failed ConnectError"],
    log=["ZeroDivisionError"],
)
async def test_an_error_of_a_dialer_that_builds_hangs_up(ground: Ground) -> None:
    listener = Listener(ground)
    ground.reactor.connectTCP(HOME, port_number(ground.listen(listener)), BreakingDialer(ground))
    await ground.until_noted("server", 2)
    await ground.until_noted("dialer", 1)


@conforms(timer=["first", "second"], log=["ZeroDivisionError"])
async def test_an_error_in_a_timer_is_logged_and_the_next_one_comes(ground: Ground) -> None:
    def stumble() -> None:
        ground.note("timer", "first")
        raise ZeroDivisionError

    ground.reactor.callLater(0.001, stumble)
    ground.reactor.callLater(0.001, ground.note, "timer", "second")
    await ground.until_noted("timer", 2)


@conforms(call=["first", "second"], log=["ZeroDivisionError"])
async def test_an_error_in_a_call_from_a_thread_is_logged(ground: Ground) -> None:
    def stumble() -> None:
        ground.note("call", "first")
        raise ZeroDivisionError

    ground.reactor.callFromThread(stumble)
    ground.reactor.callFromThread(ground.note, "call", "second")
    await ground.until_noted("call", 2)


class StumblingReceiver(DatagramProtocol):
    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self.ground.note("receiver", datagram)
        raise ZeroDivisionError


@conforms(receiver=["b'one'", "b'two'"], log=["ZeroDivisionError", "ZeroDivisionError"])
async def test_an_error_on_a_datagram_is_logged_and_the_next_one_comes(ground: Ground) -> None:
    receiver = ground.reactor.listenUDP(0, StumblingReceiver(ground), interface=HOME)
    sender = ground.reactor.listenUDP(0, DatagramProtocol(), interface=HOME)
    ground.at_the_end(receiver.stopListening)
    ground.at_the_end(sender.stopListening)
    for number, datagram in enumerate([b"one", b"two"], start=1):
        sender.write(datagram, (HOME, port_number(receiver)))
        await ground.until_noted("log", number)
