"""Simulated ports that the real world can reach: `telnet 127.0.0.1 12000` talks to a simulated program.

Each real connection becomes a simulated one, from the host "outside" to the published host and port. What
one end hears the other says, across the border between the two worlds; an end whose other cannot keep up is
paused, so that nothing piles up. Half-closing, closing and resetting pass in both directions.

When bytes come from the outside, and how they are cut, is not in the seed: such a run cannot be repeated.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHalfCloseableProtocol, IPushProducer
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from zope.interface import implementer

from herd.sim.engine.programs import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IConnector, IListeningPort
    from twisted.python.failure import Failure

    from herd.sim.engine.host import Host
    from herd.sim.engine.process import Process
    from herd.sim.engine.realtime import Realtime

OUTSIDE: Final = "outside"
"""The host from which the real world's connections come."""


@implementer(IPushProducer)
class _Faucet:
    """An end in the other world, as the producer of what is written in this one."""

    def __init__(self, end: End) -> None:
        self._end = end

    def pauseProducing(self) -> None:
        """Hear no more for now."""
        self._end.call(self._end.transport.pauseProducing)

    def resumeProducing(self) -> None:
        """Go on."""
        self._end.call(self._end.transport.resumeProducing)

    def stopProducing(self) -> None:
        """Do nothing: who is lost tells the other end anyway."""


@implementer(IHalfCloseableProtocol)
class End(Protocol):
    """One end of a published connection: of a real one, or of its simulated counterpart.

    `call(function, *args)` has a function called in the world that the end lives in.
    """

    transport: Any
    other: End

    def __init__(
        self, call: Callable[..., None], made: Callable[[End], None], lost: Callable[[End], None]
    ) -> None:
        self.call = call
        self._made = made
        self._lost = lost
        self._is_lost = False
        self._has_heard_all = False
        self._has_said_all = False

    # What its transport tells.

    def connectionMade(self) -> None:
        """Begin."""
        self._made(self)

    def dataReceived(self, data: bytes) -> None:
        """Let the other end say it."""
        self.other.call(self.other.say, data)

    def readConnectionLost(self) -> None:
        """Let the other end half-close."""
        self._has_heard_all = True
        self.other.call(self.other.say_no_more)
        self._close_if_done()

    def writeConnectionLost(self) -> None:
        """Note that the end of what was said has been sent."""
        self._has_said_all = True
        self._close_if_done()

    def _close_if_done(self) -> None:
        if self._has_heard_all and self._has_said_all:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Close the other end, or reset it."""
        self._is_lost = True
        self._lost(self)
        self.other.call(self.other.close, reason.check(ConnectionDone) is not None)

    # What the other end asks for.

    def begin(self) -> None:
        """Speak for the other end from now on."""
        if not self._is_lost:
            self.transport.registerProducer(_Faucet(self.other), True)  # noqa: FBT003 - Twisted's flag
            self.transport.resumeProducing()

    def say(self, data: bytes) -> None:
        """Say what the other end has heard."""
        if not self._is_lost:
            self.transport.write(data)

    def say_no_more(self) -> None:
        """Half-close."""
        if not self._is_lost:
            self.transport.unregisterProducer()
            self.transport.loseWriteConnection()

    def close(self, in_order: bool) -> None:  # noqa: FBT001 - it crosses between the worlds as an argument
        """Close in order, or by a reset."""
        if self._is_lost or self.transport is None:
            self._is_lost = True
        elif in_order:
            self.transport.unregisterProducer()
            self.transport.loseConnection()
        else:
            self.transport.abortConnection()

    def give_up(self) -> None:
        """Reset a connection that nobody needs."""
        if self._is_lost:
            self.transport.abortConnection()


class _Dialer(ClientFactory):
    """Makes one simulated end."""

    noisy = False

    def __init__(self, end: End) -> None:
        self._end = end

    def buildProtocol(self, addr: object) -> End:  # noqa: ARG002 - Twisted calls with it
        return self._end

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: ARG002 - likewise
        """Reset the real connection: nobody listens, or the host is cut off."""
        self._end.other.call(self._end.other.close, False)  # noqa: FBT003 - likewise


class Publisher:
    """The published ports of one simulation that runs in real time."""

    def __init__(self, realtime: Realtime) -> None:
        self._realtime = realtime
        simulation = realtime.simulation
        self._host = simulation.hosts.get(OUTSIDE) or simulation.host(OUTSIDE)
        if not self._host.processes:
            self._host.start(Call(_stay))
        self._ports: list[IListeningPort] = []
        self._ends: dict[End, None] = {}

    @property
    def _process(self) -> Process:
        return self._host.processes[-1]

    def publish(
        self, host: Host, port: int, real_port: int = 0, interface: str = "127.0.0.1"
    ) -> IListeningPort:
        """Let `real_port` (0: any that is free) lead to a simulated host's port. The real one is returned.

        A `CannotListenError` if it cannot be had.
        """
        factory = Factory.forProtocol(partial(self._real_end, host, port))
        factory.noisy = False
        listening: IListeningPort = self._realtime.reactor.listenTCP(real_port, factory, interface=interface)
        self._ports.append(listening)
        return listening

    def close(self) -> Deferred[Any]:
        """Publish nothing any more, and reset all real connections."""
        for end in list(self._ends):
            end.transport.abortConnection()
        ports, self._ports = self._ports, []
        return gatherResults([maybeDeferred(port.stopListening) for port in ports])

    def _real_end(self, host: Host, port: int) -> End:
        """Make a real end, and for later its counterpart."""
        process = self._process
        real = End(self._realtime.out_of, partial(self._dial, host, port), self._ends.pop)
        inside = End(partial(self._realtime.into, process), _join, _forget)
        real.other, inside.other = inside, real
        return real

    def _dial(self, host: Host, port: int, real: End) -> None:
        """Connect the counterpart of a real end, which hears nothing until then."""
        self._ends[real] = None
        real.transport.pauseProducing()
        connect = self._process.reactor.connectTCP
        real.other.call(connect, host.address, port, _Dialer(real.other))


def _join(inside: End) -> None:
    """Let both ends speak: the simulated connection stands."""
    inside.give_up()
    inside.begin()
    inside.other.call(inside.other.begin)


def _forget(_inside: End) -> None:
    """Do nothing: whoever runs the simulation closes simulated ends."""


def _stay(_reactor: object) -> None:
    """Do nothing, and live: the program of the host outside."""
