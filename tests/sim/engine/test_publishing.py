"""Published ports: real connections into a simulated host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest_twisted
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import deferLater
from zope.interface import implementer

from herd.sim.engine.faults import Crash
from herd.sim.engine.profile import Constant, Profile
from herd.sim.engine.programs import Call
from herd.sim.engine.publishing import Publisher
from herd.sim.engine.realtime import Realtime
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

real_reactor: Any = global_reactor

FLOOD = 20_000_000
"""More than both kernels hold of a real connection."""


@implementer(IHalfCloseableProtocol)
class Inside(Protocol):
    """What answers in the simulation: in capitals, and at the end with how many bytes it has heard."""

    transport: Any
    heard = 0

    def dataReceived(self, data: bytes) -> None:
        self.heard += len(data)
        if data == b"reset":
            self.transport.abortConnection()
        elif data == b"close":
            self.transport.write(b"bye")
            self.transport.loseConnection()
        elif data == b"pour":
            self.transport.registerProducer(Pour(self.transport), streaming=True)
        elif data == b"deaf":
            self.transport.pauseProducing()
        elif self.heard < 100:
            self.transport.write(data.upper())

    def readConnectionLost(self) -> None:
        self.transport.write(b" %d" % self.heard)
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        pass


@implementer(IPushProducer)
class Pour:
    """Writes a flood while it is not paused, and then closes."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.left = FLOOD
        self.resumeProducing()

    def resumeProducing(self) -> None:
        self.is_paused = False
        self.pour()

    def pour(self) -> None:
        if self.is_paused or not self.left:
            return
        size = min(self.left, 100_000)
        self.left -= size
        self.transport.write(bytes(size))
        if self.left:
            self.transport.reactor.callLater(0, self.pour)
        else:
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def pauseProducing(self) -> None:
        self.is_paused = True

    def stopProducing(self) -> None:
        self.left = 0


@implementer(IHalfCloseableProtocol)
class Caller(Protocol):
    """A real client: collects what it hears."""

    transport: Any

    def __init__(self) -> None:
        self.heard = bytearray()
        self.lost: Deferred[Any] = Deferred()
        self.lost.addTimeout(20, real_reactor)
        self.has_heard_all = False

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def readConnectionLost(self) -> None:
        self.has_heard_all = True
        self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        pass

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(type(reason.value))


class Border:
    """A simulated program at port 1000 of a host, published on a real port."""

    def __init__(self) -> None:
        self.simulation = Simulation(profile=Profile(latency=Constant(5)))
        self.host = self.simulation.host("server")
        self.inside: list[Inside] = []
        self.host.start(Call(self.listen))
        self.realtime = Realtime(self.simulation, real_reactor)
        self.publisher = Publisher(self.realtime)
        self.realtime.start()

    def listen(self, reactor: Any) -> None:
        factory = Factory.forProtocol(self.build)
        reactor.listenTCP(1000, factory)

    def build(self) -> Inside:
        self.inside.append(Inside())
        return self.inside[-1]

    async def call(self, port: int = 1000) -> Caller:
        listening: Any = self.publisher.publish(self.host, port)
        endpoint = TCP4ClientEndpoint(real_reactor, "127.0.0.1", listening.getHost().port)
        caller: Caller = await connectProtocol(endpoint, Caller())
        return caller

    def is_clear(self) -> bool:
        """Tell whether nothing is left of any published connection, in either world."""
        outside = self.simulation.hosts["outside"].processes[0]
        return not self.publisher._ends and not outside.reactor.sockets

    async def close(self) -> None:
        await self.publisher.close()
        self.realtime.stop()
        assert self.simulation.problems == []
        self.simulation.close()


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is true."""
    begun = real_reactor.seconds()
    while not condition():
        assert real_reactor.seconds() < begun + 20
        await deferLater(real_reactor, 0.001)


@pytest_twisted.async_yield_fixture
async def border() -> Any:
    made = Border()
    yield made
    await made.close()


@pytest_twisted.ensureDeferred
async def test_a_real_client_talks_to_a_simulated_program(border: Border) -> None:
    caller = await border.call()
    caller.transport.write(b"hello\r\n")
    await until(lambda: caller.heard == b"HELLO\r\n")
    assert border.inside[0].transport.getPeer().host == border.simulation.hosts["outside"].address
    caller.transport.loseConnection()
    assert await caller.lost is ConnectionDone


@pytest_twisted.ensureDeferred
async def test_a_client_that_has_said_all_hears_the_rest(border: Border) -> None:
    caller = await border.call()
    caller.transport.write(b"hello")
    caller.transport.loseWriteConnection()
    assert await caller.lost is ConnectionDone
    assert bytes(caller.heard) == b"HELLO 5"
    await until(border.is_clear)


@pytest_twisted.ensureDeferred
async def test_a_program_that_closes_lets_its_client_hear_the_last(border: Border) -> None:
    caller = await border.call()
    caller.transport.write(b"close")
    assert await caller.lost is ConnectionDone
    assert bytes(caller.heard) == b"bye"
    assert caller.has_heard_all
    await until(border.is_clear)


@pytest_twisted.ensureDeferred
async def test_resets_pass_the_border_outward(border: Border) -> None:
    caller = await border.call()
    caller.transport.write(b"reset")
    assert await caller.lost is ConnectionLost


@pytest_twisted.ensureDeferred
async def test_resets_pass_the_border_inward(border: Border) -> None:
    lost: list[Any] = []
    caller = await border.call()
    await until(lambda: border.inside)
    border.inside[0].connectionLost = lambda reason=connectionDone: lost.append(type(reason.value))  # type: ignore[method-assign]
    caller.transport.abortConnection()
    await until(lambda: lost)
    assert lost == [ConnectionLost]


@pytest_twisted.ensureDeferred
async def test_a_client_of_a_port_where_nobody_listens_is_reset(border: Border) -> None:
    caller = await border.call(port=1001)
    assert await caller.lost is ConnectionLost
    assert border.inside == []


@pytest_twisted.ensureDeferred
async def test_a_client_that_leaves_before_it_is_through(border: Border) -> None:
    caller = await border.call()
    caller.transport.abortConnection()
    assert await caller.lost is ConnectionAborted
    await until(lambda: border.inside and border.is_clear())


@pytest_twisted.ensureDeferred
async def test_a_port_that_is_closed_before_a_client_is_through(border: Border) -> None:
    caller = await border.call()
    await until(lambda: border.publisher._ends)
    await border.publisher.close()
    assert await caller.lost is ConnectionLost
    await until(lambda: border.inside and border.is_clear())


@pytest_twisted.ensureDeferred
async def test_a_crash_inside_is_seen_outside(border: Border) -> None:
    caller = await border.call()
    await until(lambda: border.inside)
    Crash("server").begin(border.simulation)
    assert await caller.lost is ConnectionDone


@pytest_twisted.ensureDeferred
async def test_a_client_that_does_not_read_stops_the_program(border: Border) -> None:
    caller = await border.call()
    caller.transport.write(b"pour")
    caller.transport.pauseProducing()
    await until(lambda: border.inside and border.inside[0].transport.producer)
    pour = border.inside[0].transport.producer
    (end,) = border.publisher._ends
    await until(lambda: end.transport.producerPaused and pour.is_paused)
    assert pour.left > FLOOD // 2
    caller.transport.resumeProducing()
    assert await caller.lost is ConnectionDone
    assert len(caller.heard) == FLOOD


@pytest_twisted.ensureDeferred
async def test_a_program_that_does_not_read_stops_its_client(border: Border) -> None:
    caller = await border.call()
    caller.transport.write(b"deaf")
    await until(lambda: border.inside and border.inside[0].heard)
    caller.transport.write(bytes(FLOOD))
    caller.transport.loseWriteConnection()
    (end,) = border.publisher._ends
    await until(lambda: end not in real_reactor.getReaders() and end.other.transport.producerPaused)
    assert border.inside[0].heard == 4
    border.realtime.into(
        border.inside[0].transport.reactor.process, border.inside[0].transport.resumeProducing
    )
    assert await caller.lost is ConnectionDone
    assert bytes(caller.heard) == b" %d" % (FLOOD + 4)
