"""Faults as a connection lives through them, alone and one within another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import LoopingCall

from herd.sim.engine.clock import EPOCH_S, NS_PER_S, HostClock
from herd.sim.engine.faults import ClockDrift, ClockStep, Crash, Partition, Pause, PowerCut
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from herd.sim.scenario import Action


class Ticker(Protocol):
    """Says something each second, and notes when that stops."""

    def __init__(self, story: Story) -> None:
        self.story = story

    def connectionMade(self) -> None:
        self.story.note("connected")
        self.ticks = LoopingCall(self.transport.write, b"tick")  # type: ignore[union-attr]
        self.ticks.clock = self.story.reactor
        self.ticks.start(1.0)

    def connectionLost(self, reason: Any = None) -> None:
        self.ticks.stop()
        self.story.note(reason.type.__name__)


class Story:
    """A client that has a connection to a server, or tries to have one, while something breaks."""

    def __init__(self, begin_s: float = 0.0) -> None:
        self.simulation = Simulation()
        self.seen: list[str] = []
        self.reactor: Any = None
        self.simulation.host("server").start(Call(self.serve))
        self.simulation.host("client")
        self.simulation.at(begin_s, self.simulation.hosts["client"].start, Call(self.talk))

    def serve(self, reactor: Any) -> None:
        reactor.listenTCP(80, Factory.forProtocol(Protocol))

    def talk(self, reactor: Any) -> None:
        self.reactor = reactor
        factory: Any = Factory.forProtocol(Protocol)
        factory.protocol = lambda: Ticker(self)
        connecting: Any = TCP4ClientEndpoint(reactor, "10.0.0.1", 80).connect(factory)
        connecting.addErrback(lambda failure: self.note(failure.type.__name__))

    def note(self, what: str) -> None:
        self.seen.append(f"{self.simulation.now_ns / NS_PER_S:.1f} {what}")

    def breaks(self, from_s: float, action: Action, until_s: float | None = None) -> None:
        self.simulation.at(from_s, action.begin, self.simulation)
        if until_s is not None:
            self.simulation.at(until_s, action.end, self.simulation)

    def told(self, until_s: float) -> list[str]:
        self.simulation.run(until_s)
        self.simulation.close()
        return self.seen


def test_who_writes_to_a_host_that_has_booted_is_reset() -> None:
    story = Story()
    story.breaks(2.5, PowerCut("server"), 4.5)

    # What was written at 3 s is sent again at 3.2, 3.6, 4.4 and 6 s.
    assert story.told(60.0) == ["0.0 connected", "6.0 ConnectionLost"]


def test_who_writes_to_a_host_without_power_gives_up_after_a_quarter_of_an_hour() -> None:
    story = Story()
    story.breaks(2.5, PowerCut("server"))

    assert story.told(2_000.0) == ["0.0 connected", "807.6 ConnectionLost"]


def test_a_client_reaches_a_host_that_boots_while_it_asks() -> None:
    story = Story(begin_s=1.0)
    story.breaks(0.5, PowerCut("server"), 1.5)

    assert story.told(10.0) == ["2.0 connected"]


def test_a_reset_that_a_partition_has_swallowed_is_sent_for_the_next_segment() -> None:
    story = Story()
    story.breaks(2.5, Partition(("server",)), 6.0)
    story.breaks(3.2, Crash("server"), 4.0)

    assert story.told(60.0) == ["0.0 connected", "6.0 ConnectionLost"]


@pytest.mark.parametrize("second_until_s", [2.0, 4.0])
def test_a_host_goes_on_when_the_last_of_its_pauses_is_over(second_until_s: float) -> None:
    simulation = Simulation()
    ticks: list[float] = []

    def program(reactor: Any) -> None:
        reactor.callLater(1.5, lambda: ticks.append(simulation.now_ns / NS_PER_S))

    simulation.host("a").start(Call(program))
    pause = Pause("a")
    for at_s, do in ((0.5, pause.begin), (1.0, pause.begin), (3.0, pause.end), (second_until_s, pause.end)):
        simulation.at(at_s, do, simulation)
    simulation.run(10.0)
    simulation.close()

    assert ticks == [max(3.0, second_until_s)]


@pytest.mark.parametrize("clock", ["steady", "a function of its own", "wall"])
def test_a_step_of_the_clock_moves_the_timers_that_go_by_it(clock: str) -> None:
    simulation = Simulation()
    fired = []

    def program(reactor: Any) -> None:
        if clock == "steady":
            reactor.seconds = time.monotonic
        elif clock == "a function of its own":
            reactor.seconds = lambda: time.monotonic() + 5.0
        reactor.callLater(20.0, lambda: fired.append(simulation.now_ns // NS_PER_S))

    simulation.host("a").start(Call(program))
    simulation.at(10.0, ClockStep("a", 3.0).begin, simulation)
    simulation.run(30.0)
    simulation.close()

    assert fired == [17 if clock == "wall" else 20]


def test_drifts_add_up_to_the_drift_that_a_clock_has_of_its_own() -> None:
    simulation = Simulation()
    clock = HostClock(EPOCH_S * NS_PER_S, drift_ppm=100_000)
    simulation.host("a", clock=clock)
    for at_s, do in (
        (10.0, ClockDrift("a", 50_000).begin),
        (20.0, ClockDrift("a", 200_000).begin),
        (30.0, ClockDrift("a", 50_000).end),
        (40.0, ClockDrift("a", 200_000).end),
    ):
        simulation.at(at_s, do, simulation)
    gained = []
    for until_s in (10, 20, 30, 40, 50):
        simulation.run(until_s)
        gained.append(clock.monotonic_ns(simulation.now_ns) - simulation.now_ns)
    simulation.close()

    assert gained == [each * NS_PER_S // 10 for each in (10, 25, 60, 90, 100)]


def test_a_fault_of_a_host_that_is_not_there_says_which_there_are() -> None:
    simulation = Simulation()
    simulation.host("ada")
    with pytest.raises(KeyError, match="there is no host bob; there are ada"):
        Crash("bob").begin(simulation)
