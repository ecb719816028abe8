"""Dialing: what a factory and its connector are told, and every way in which a dial fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.protocol import ClientFactory, ReconnectingClientFactory

from tests.sim.conformance.ground import HOME, port_number, reason_of
from tests.sim.conformance.peers import Dialer, Listener, Peer, Single, all_lost
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from tests.sim.conformance.ground import Ground


REFUSED = "ConnectionRefusedError"


async def built(ground: Ground, listener: Listener, dialer: Any, count: int) -> None:
    """Wait until both have built so many peers, and the acceptor's newest is connected."""
    await ground.until(
        lambda: len(listener.built) == len(dialer.built) == count and listener.built[-1].is_made
    )


@conforms(
    dialer=[
        "start",
        "started connecting",
        "returned connecting",
        "failed ConnectionRefusedError disconnected",
        "stop",
    ]
)
async def test_a_closed_port_refuses(ground: Ground) -> None:
    connector = ground.reactor.connectTCP(HOME, ground.free_port(), Dialer(ground))
    ground.note("dialer", "returned", connector.state)
    await ground.until_noted("dialer", 5)


class Telling(ClientFactory):
    noisy = False

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        error: Any = reason.value
        self.ground.note("dialer", reason_of(reason), error.args, str(error))


@conforms(
    dialer=[
        f"{REFUSED} ('Connection refused',) Connection was refused by other side: 111: Connection refused."
    ]
)
async def test_a_refusal_in_words(ground: Ground) -> None:
    ground.reactor.connectTCP(HOME, ground.free_port(), Telling(ground))
    await ground.until_noted("dialer", 1)


@conforms(
    dialer=["TimeoutError ('',) User timeout caused connection failure."],
)
async def test_a_timeout_in_words(ground: Ground) -> None:
    ground.reactor.connectTCP(*ground.silent_address(), Telling(ground), timeout=0.02)
    await ground.until_noted("dialer", 1)


@conforms(
    dialer=["start", "started connecting", "build", "lost ConnectionDone disconnected", "stop"],
    client=["made", "connector connected", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
)
async def test_a_dial_from_its_start_to_its_stop(ground: Ground) -> None:
    listener, dialer = Listener(ground), Dialer(ground)
    connector = ground.reactor.connectTCP(HOME, port_number(ground.listen(listener)), dialer)
    await built(ground, listener, dialer, 1)
    ground.note("client", "connector", connector.state)
    listener.built[0].transport.loseConnection()
    await all_lost(ground, listener.built[0], dialer.built[0])
    await ground.until_noted("dialer", 5)


@conforms(both=["dialer: build", "client: made", "client: lost", "dialer: lost", "dialer: stop"])
async def test_the_protocol_is_told_before_the_factory(ground: Ground) -> None:
    class Both(Peer):
        def connectionMade(self) -> None:
            super().connectionMade()
            ground.note("both", "client: made")

        def connectionLost(self, reason: Any = None) -> None:
            self.is_lost = True
            ground.note("both", "client: lost")

        def note(self, *what: object) -> None:
            pass

    class Factory(ClientFactory):
        noisy = False

        def buildProtocol(self, addr: Any) -> Any:
            ground.note("both", "dialer: build")
            return Both(ground, "")

        def clientConnectionLost(self, connector: Any, reason: Any) -> None:
            ground.note("both", "dialer: lost")

        def stopFactory(self) -> None:
            ground.note("both", "dialer: stop")

    connector = ground.reactor.connectTCP(HOME, port_number(ground.listen(Single(Mute()))), Factory())
    await ground.until_noted("both", 2)
    connector.disconnect()
    await ground.until_noted("both", 5)


class Mute:
    """A protocol that says nothing to anybody."""

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataReceived(self, data: bytes) -> None:
        raise AssertionError(data)

    def connectionLost(self, reason: Any) -> None:
        pass


@conforms(
    dialer=[
        "start",
        "started connecting",
        "stopping",
        "failed UserError disconnected",
        "stop",
        "stopped disconnected",
        "raises NotConnectingError",
        "returns None",
    ]
)
async def test_a_connector_stops_connecting_at_once(ground: Ground) -> None:
    connector = ground.reactor.connectTCP(*ground.silent_address(), Dialer(ground))
    ground.note("dialer", "stopping")
    connector.stopConnecting()
    ground.note("dialer", "stopped", connector.state)
    ground.raises("dialer", connector.stopConnecting)
    ground.raises("dialer", connector.disconnect)
    await ground.moment()


@conforms(
    dialer=["start", "started connecting", "failed UserError disconnected", "stop"],
)
async def test_to_disconnect_while_connecting_is_to_stop(ground: Ground) -> None:
    connector = ground.reactor.connectTCP(*ground.silent_address(), Dialer(ground))
    await ground.turn()
    connector.disconnect()
    await ground.moment()


@conforms(
    dialer=["start", "started connecting", "failed UserError disconnected", "stop"],
)
async def test_a_dial_that_would_succeed_is_stopped(ground: Ground) -> None:
    port = ground.listen(Listener(ground))
    connector = ground.reactor.connectTCP(HOME, port_number(port), Dialer(ground))
    connector.stopConnecting()
    await ground.moment()


@conforms(
    dialer=[
        "start",
        "started connecting",
        "build",
        "raises NotConnectingError",
        "raises RuntimeError",
        "disconnecting",
        "disconnected connected",
        "lost ConnectionDone disconnected",
        "stop",
    ],
    client=["made", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
)
async def test_a_connector_disconnects(ground: Ground) -> None:
    listener, dialer = Listener(ground), Dialer(ground)
    connector = ground.reactor.connectTCP(HOME, port_number(ground.listen(listener)), dialer)
    await built(ground, listener, dialer, 1)
    ground.raises("dialer", connector.stopConnecting)
    ground.raises("dialer", connector.connect)
    ground.note("dialer", "disconnecting")
    connector.disconnect()
    ground.note("dialer", "disconnected", connector.state)
    await all_lost(ground, listener.built[0], dialer.built[0])
    await ground.until_noted("dialer", 9)


class Persistent(Dialer):
    """Dials again once after a connection was lost or failed."""

    tries = 1

    def again(self, connector: Any) -> None:
        if self.tries:
            self.tries -= 1
            self.note("again")
            connector.connect()

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        super().clientConnectionFailed(connector, reason)
        self.again(connector)

    def clientConnectionLost(self, connector: Any, reason: Failure) -> None:
        super().clientConnectionLost(connector, reason)
        self.again(connector)


@conforms(
    dialer=[
        "start",
        "started connecting",
        "build",
        "lost ConnectionDone disconnected",
        "again",
        "started connecting",
        "build",
        "lost ConnectionDone disconnected",
        "stop",
    ],
    client=["made", "lost ConnectionDone", "made", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
    **{"server 2": ["made", "lost ConnectionDone"]},
)
async def test_a_lost_connection_is_made_again_by_its_connector(ground: Ground) -> None:
    listener, dialer = Listener(ground), Persistent(ground)
    ground.reactor.connectTCP(HOME, port_number(ground.listen(listener)), dialer)
    for number in (1, 2):
        await built(ground, listener, dialer, number)
        listener.built[-1].transport.loseConnection()
        await all_lost(ground, listener.built[-1], dialer.built[-1])
    await ground.until_noted("dialer", 9)


@conforms(
    dialer=[
        "start",
        "started connecting",
        "failed ConnectionRefusedError disconnected",
        "again",
        "started connecting",
        "failed ConnectionRefusedError disconnected",
        "stop",
    ]
)
async def test_a_failed_dial_is_tried_again_by_its_connector(ground: Ground) -> None:
    ground.reactor.connectTCP(HOME, ground.free_port(), Persistent(ground))
    await ground.until_noted("dialer", 7)


@conforms(dialer=["start", "started connecting", "failed TimeoutError disconnected", "stop"])
async def test_nobody_answers(ground: Ground) -> None:
    ground.reactor.connectTCP(*ground.silent_address(), Dialer(ground), timeout=0.02)
    await ground.until_noted("dialer", 4)


@conforms(dialer=["start", "started connecting", "failed DNSLookupError disconnected", "stop"])
async def test_a_name_that_does_not_exist(ground: Ground) -> None:
    ground.reactor.connectTCP("nowhere.invalid", 80, Dialer(ground))
    await ground.until_noted("dialer", 4)


@conforms(dialer=["raises ServiceNameUnknownError"])
async def test_a_service_that_does_not_exist(ground: Ground) -> None:
    ground.raises("dialer", ground.reactor.connectTCP, HOME, "no-such-service", Dialer(ground))


@conforms(dialer=["start", "started connecting", "build", "stop"], client=["made"], server=["made"])
async def test_a_name_is_dialed(ground: Ground) -> None:
    listener, dialer = Listener(ground), Dialer(ground)
    ground.reactor.connectTCP("localhost", port_number(ground.listen(listener)), dialer)
    await built(ground, listener, dialer, 1)
    dialer.note("stop")
    dialer.stopFactory = lambda: None  # type: ignore[method-assign]
    dialer.clientConnectionLost = lambda *_: None  # type: ignore[method-assign]


class Declining(Dialer):
    def buildProtocol(self, addr: Any) -> Any:
        self.note("declines")


@conforms(
    dialer=["start", "started connecting", "declines", "lost ConnectionDone disconnected", "stop"],
    server=["made", "lost ConnectionDone"],
)
async def test_a_dialer_that_builds_no_protocol_hangs_up(ground: Ground) -> None:
    listener = Listener(ground)
    ground.reactor.connectTCP(HOME, port_number(ground.listen(listener)), Declining(ground))
    await ground.until_noted("dialer", 5)
    await ground.until_noted("server", 2)


@conforms(
    dialer=["start", "started connecting", "build", "lost ConnectionDone disconnected", "stop"],
    client=["made", "lost ConnectionDone"],
)
async def test_a_listener_that_builds_no_protocol_hangs_up(ground: Ground) -> None:
    dialer = Dialer(ground)
    ground.reactor.connectTCP(HOME, port_number(ground.listen(Single(None))), dialer)
    await ground.until_noted("dialer", 5)


@conforms(
    dialer=["start", "started connecting", "build", "start 2", "started connecting", "build"],
    client=["made", "made"],
    server=["made"],
    **{"server 2": ["made"]},
)
async def test_one_factory_is_started_once_for_all_its_dials(ground: Ground) -> None:
    listener, dialer = Listener(ground), Dialer(ground)
    number = port_number(ground.listen(listener))
    ground.reactor.connectTCP(HOME, number, dialer)
    await built(ground, listener, dialer, 1)
    ground.note("dialer", "start", dialer.numPorts + 1)
    ground.reactor.connectTCP(HOME, number, dialer)
    await built(ground, listener, dialer, 2)


class Patient(ReconnectingClientFactory):
    noisy = False
    initialDelay = delay = 0.005
    jitter = 0.0

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.clock = ground.reactor
        self.built: list[Peer] = []

    def startedConnecting(self, connector: Any) -> None:
        self.ground.note("dialer", "tries", self.retries)

    def buildProtocol(self, addr: Any) -> Any:
        self.resetDelay()
        self.built.append(Peer(self.ground, "client"))
        return self.built[-1]

    def clientConnectionFailed(self, connector: Any, reason: Failure) -> None:
        self.ground.note("dialer", reason_of(reason))
        super().clientConnectionFailed(connector, reason)


@conforms(
    dialer=["tries 0", REFUSED, "tries 1", REFUSED, "tries 2", "tries 1"],
    client=["made", "lost ConnectionDone", "made"],
    server=["made", "lost ConnectionDone"],
    **{"server 2": ["made"]},
)
async def test_a_reconnecting_factory_comes_back(ground: Ground) -> None:
    number = ground.free_port()
    dialer, listener = Patient(ground), Listener(ground)
    ground.at_the_end(dialer.stopTrying)
    ground.reactor.connectTCP(HOME, number, dialer)
    await ground.until_noted("dialer", 4)
    port = ground.reactor.listenTCP(number, listener, interface=HOME)
    ground.at_the_end(port.stopListening)
    await built(ground, listener, dialer, 1)
    listener.built[0].transport.loseConnection()
    await built(ground, listener, dialer, 2)
