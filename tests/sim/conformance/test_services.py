"""What Twisted builds on a reactor: services, protocols, and code that takes the global reactor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.application.internet import ClientService, TCPServer, TimerService
from twisted.internet import task, threads
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.protocols import amp, basic
from twisted.protocols.policies import TimeoutMixin, WrappingFactory
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.resource import Resource
from twisted.web.server import Site

from tests.sim.conformance.ground import HOME, in_short, port_number
from tests.sim.conformance.peers import Listener, Peer, Single, all_lost, pair
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground


@conforms(
    client=["made", "lost ConnectionDone", "made", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
    service=["connected", "connected again", "stopped"],
    **{"server 2": ["made", "lost ConnectionDone"]},
)
async def test_a_client_service_comes_back(ground: Ground) -> None:
    listener = Listener(ground)
    endpoint = TCP4ClientEndpoint(ground.reactor, HOME, port_number(ground.listen(listener)))
    factory = Listener(ground, lambda ground, _: Peer(ground, "client"))
    service = ClientService(endpoint, factory, retryPolicy=lambda _: 0.002, clock=ground.reactor)
    service.startService()
    first: Any = await service.whenConnected()
    ground.note("service", "connected" if first is factory.built[0] else "otherwise")
    await ground.until(lambda: len(listener.built) == 1 and listener.built[0].is_made)
    listener.built[0].transport.loseConnection()
    await first.lost()
    second = await service.whenConnected()
    ground.note("service", "connected again" if second is factory.built[1] else "otherwise")
    await ground.until(lambda: len(listener.built) == 2 and listener.built[1].is_made)
    await service.stopService()
    ground.note("service", "stopped")
    await all_lost(ground, *listener.built, *factory.built)


@conforms(
    service=["attempt 1", "attempt 2", "attempt 3", "attempt 4", "fails ConnectionRefusedError", "stopped"]
)
async def test_a_client_service_tries_again_and_again(ground: Ground) -> None:
    def policy(attempt: int) -> float:
        ground.note("service", "attempt", attempt)
        return 0.001

    endpoint = TCP4ClientEndpoint(ground.reactor, HOME, ground.free_port())
    service = ClientService(endpoint, Single(None), retryPolicy=policy, clock=ground.reactor)
    service.startService()
    await ground.outcome("service", service.whenConnected(failAfterFailures=4))
    await ground.turn()
    await service.stopService()
    ground.note("service", "stopped")


@conforms(service=["step", "step", "stopped"])
async def test_a_timer_service_steps(ground: Ground) -> None:
    service = TimerService(0.001, ground.note, "service", "step")
    service.clock = ground.reactor
    service.startService()
    await ground.until_noted("service", 2)
    await service.stopService()
    ground.note("service", "stopped")


@conforms(server=["made"], client=["made"])
async def test_a_server_service_of_the_old_kind(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    number = ground.free_port()
    service = TCPServer(number, Single(server), interface=HOME, reactor=ground.reactor)
    service.startService()
    ground.at_the_end(service.stopService)
    ground.reactor.connectTCP(HOME, number, Single(client))
    await ground.until(lambda: server.is_made and client.is_made)


class Divide(amp.Command):
    arguments = [(b"numerator", amp.Integer()), (b"denominator", amp.Integer())]  # noqa: RUF012 - AMP's
    response = [(b"result", amp.Float())]  # noqa: RUF012 - likewise
    errors = {ZeroDivisionError: b"ZERO_DIVISION"}  # noqa: RUF012 - likewise


class Divider(amp.AMP):
    transport: Any

    @Divide.responder
    def divide(self, numerator: int, denominator: int) -> dict[str, float]:
        return {"result": numerator / denominator}


@conforms(client=["{'result': 3.5}", "fails ZeroDivisionError", "fails ConnectionDone"])
async def test_amp_calls(ground: Ground) -> None:
    server, client = Divider(), Divider()
    endpoint = TCP4ClientEndpoint(ground.reactor, HOME, port_number(ground.listen(Single(server))))
    await endpoint.connect(Single(client))
    ground.note("client", await client.callRemote(Divide, numerator=7, denominator=2))
    await ground.outcome("client", client.callRemote(Divide, numerator=7, denominator=0))
    waiting = client.callRemote(Divide, numerator=1, denominator=1)
    client.transport.loseConnection()
    await ground.outcome("client", waiting)


class Lines(basic.LineReceiver):
    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def lineReceived(self, line: bytes) -> None:
        self.ground.note("server", line)
        if line == b"raw":
            self.setRawMode()

    def rawDataReceived(self, data: bytes) -> None:
        self.ground.heard("server", data)


@conforms(server=["b'one'", "b'two'", "b'raw'", b"no\r\nlines"], client=["made"])
async def test_lines_are_lines_however_they_are_cut(ground: Ground) -> None:
    server, client = Lines(ground), Peer(ground, "client")
    ground.reactor.connectTCP(HOME, port_number(ground.listen(Single(server))), Single(client))
    await client.made()
    client.transport.write(b"one\r\ntwo\r\nraw\r\n")
    await ground.until_noted("server", 3)
    client.transport.write(b"no\r\nlines")
    told = ground.told
    await ground.until(lambda: told()["server"][-1] == b"no\r\nlines")


BODY = b"<p>much</p>" * 20_000


class Body(Peer):
    def connectionMade(self) -> None:
        pass


class Page(Resource):
    isLeaf = True

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground = ground

    def render_GET(self, request: Any) -> bytes:
        self.ground.note("server", request.method.decode(), request.uri.decode())
        return BODY


@conforms(
    server=["GET /page"],
    client=["200 b'OK'", in_short(BODY), "lost ResponseDone", "fails ConnectionRefusedError"],
)
async def test_a_web_page_is_served(ground: Ground) -> None:
    pool = HTTPConnectionPool(ground.reactor, persistent=False)
    agent = Agent(ground.reactor, pool=pool)
    number = port_number(ground.listen(Site(Page(ground), reactor=ground.reactor)))
    response = await agent.request(b"GET", b"http://127.0.0.1:%d/page" % number)
    ground.note("client", response.code, response.phrase)
    body = Body(ground, "client")
    response.deliverBody(body)
    await body.lost()
    closed = ground.free_port()
    await ground.outcome("client", agent.request(b"GET", b"http://127.0.0.1:%d/" % closed))


class Impatient(Peer, TimeoutMixin):
    def connectionMade(self) -> None:
        super().connectionMade()
        self.setTimeout(0.005)

    def timeoutConnection(self) -> None:
        self.note("timeout")
        super().timeoutConnection()


@conforms(server=["made", "timeout", "lost ConnectionDone"], client=["made", "lost ConnectionDone"])
async def test_a_connection_has_its_time(ground: Ground) -> None:
    server, client = await pair(ground, server=Impatient)
    await all_lost(ground, server, client)


@conforms(server=["made", b"wrapped", "lost ConnectionDone"], client=["made", "lost ConnectionDone"])
async def test_a_protocol_is_wrapped(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    port = ground.listen(WrappingFactory(Single(server)))
    ground.reactor.connectTCP(HOME, port_number(port), Single(client))
    await ground.until(lambda: server.is_made and client.is_made)
    client.transport.write(b"wrapped")
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(work=["fires int", "12"])
async def test_the_global_reactor_has_threads(ground: Ground) -> None:
    ground.note("work", str(await ground.outcome("work", threads.deferToThread(pow, 12, 1))))


@conforms(work=["0", "1", "2", "fires list_iterator"])
async def test_the_global_reactor_cooperates(ground: Ground) -> None:
    def work() -> Any:
        for number in range(3):
            ground.note("work", str(number))
            yield None

    working = task.cooperate(work())
    await working.whenDone()
    ground.note("work", "fires list_iterator")


@conforms(work=["later"])
async def test_the_global_reactor_has_timers(ground: Ground) -> None:
    from twisted.internet import reactor  # noqa: PLC0415 - what programs do

    reactor.callLater(0.001, ground.note, "work", "later")
    await ground.until_noted("work", 1)


@conforms(server=["made"], client=["made", b"from the program"])
async def test_the_global_reactor_listens(ground: Ground) -> None:
    from twisted.internet import reactor  # noqa: PLC0415 - what programs do

    running: Any = reactor
    server, client = Peer(ground, "server"), Peer(ground, "client")
    port = running.listenTCP(0, Single(server), interface=HOME)
    ground.at_the_end(port.stopListening)
    running.connectTCP(HOME, port_number(port), Single(client))
    await ground.until(lambda: server.is_made and client.is_made)
    server.transport.write(b"from the program")
    await client.hears(16)


class Conversation(basic.NetstringReceiver):
    transport: Any

    def __init__(self, ground: Ground, name: str) -> None:
        self.ground = ground
        self.name = name

    def stringReceived(self, string: bytes) -> None:
        self.ground.note(self.name, string)
        if string.startswith(b"ping"):
            self.sendString(b"pong" + string[4:])


@conforms(server=["b'ping 1'", "b'ping 2'", "b'ping 3'"], client=["b'pong 1'", "b'pong 2'", "b'pong 3'"])
async def test_messages_keep_their_bounds(ground: Ground) -> None:
    server, client = Conversation(ground, "server"), Conversation(ground, "client")
    endpoint = TCP4ClientEndpoint(ground.reactor, HOME, port_number(ground.listen(Single(server))))
    await endpoint.connect(Single(client))
    for number in (1, 2, 3):
        client.sendString(b"ping %d" % number)
    await ground.until_noted("client", 3)
    client.transport.loseConnection()
