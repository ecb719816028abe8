"""A simulation beside a real clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet import reactor as global_reactor
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, globalLogPublisher
from zope.interface import implementer

from herd.sim.engine import current
from herd.sim.engine.programs import Call
from herd.sim.engine.realtime import Realtime
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Iterator


real_reactor: Any = global_reactor

FLOOD = 20_000_000
"""More than both kernels hold of a real connection."""

# The pace.


class Pace:
    """A simulation beside a clock that the test moves; what happens is told with both times in seconds."""

    def __init__(self, factor: float = 1.0) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.simulation = Simulation()
        self.realtime = Realtime(self.simulation, self.clock, factor)
        self.seen: list[str] = []

    def note(self, what: str) -> None:
        self.seen.append(f"{self.clock.seconds() - 1000:g} {self.simulation.now_ns / 1e9:g} {what}")

    def at(self, *times: float) -> None:
        for time in times:
            self.simulation.at(time, self.note, "event")

    def advance(self, seconds: float, steps: int = 1) -> None:
        for _ in range(steps):
            self.clock.advance(seconds / steps)


def test_events_happen_when_they_are_due() -> None:
    pace = Pace()
    pace.at(0, 0.01, 0.3)
    pace.realtime.start()
    pace.advance(0)
    pace.advance(1, steps=200)
    assert pace.seen == ["0 0 event", "0.01 0.01 event", "0.3 0.3 event"]
    assert pace.simulation.now_ns == pytest.approx(1e9, abs=0.05e9)


@pytest.mark.parametrize(("factor", "seen"), [(2.0, "0.5 1 event"), (0.5, "2 1 event")])
def test_time_passes_faster_or_slower(factor: float, seen: str) -> None:
    pace = Pace(factor)
    pace.at(1)
    pace.realtime.start()
    pace.advance(3, steps=300)
    assert pace.seen == [seen]


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan")])
def test_time_has_to_pass(factor: float) -> None:
    with pytest.raises(ValueError, match="makes no time pass: give one above 0"):
        Pace(factor)


def test_it_goes_on_from_the_time_that_it_is() -> None:
    pace = Pace()
    pace.simulation.run(5)
    pace.at(5.5)
    pace.realtime.start()
    pace.advance(1, steps=10)
    assert pace.seen == ["0.5 5.5 event"]


def test_what_the_real_world_does_happens_now_and_in_order() -> None:
    pace = Pace()
    pace.realtime.start()
    pace.advance(0)
    pace.advance(0.0325)
    for name in "ab":
        pace.realtime.into(pace.simulation.host(name), pace.note, name)
    pace.advance(0)
    assert pace.seen == ["0.0325 0.0325 a", "0.0325 0.0325 b"]


def test_what_is_done_to_the_real_world_happens_when_nobody_is_hosted() -> None:
    pace = Pace()
    hosted: list[bool] = []

    def program(_reactor: Any) -> None:
        hosted.append(current.process is not None)
        pace.realtime.out_of(lambda: hosted.append(current.process is not None))

    pace.simulation.host("a").start(Call(program))
    pace.realtime.start()
    pace.advance(0)
    assert hosted == [True, False]


def test_a_simulation_that_is_stopped_from_within_ends_it() -> None:
    pace = Pace()
    pace.at(0.1, 0.3)
    pace.simulation.at(0.2, pace.simulation.stop)
    ended = pace.realtime.start()
    ended.addCallback(lambda _: pace.note("ended"))
    pace.advance(1, steps=20)
    assert pace.seen == ["0.1 0.1 event", "0.2 0.2 ended"]
    assert pace.clock.getDelayedCalls() == []


def test_time_stands_still_after_stop() -> None:
    pace = Pace()
    pace.at(0.1, 0.3)
    pace.realtime.start().addCallback(lambda _: pace.note("ended"))
    pace.advance(0.2, steps=4)
    pace.realtime.stop()
    pace.realtime.stop()
    pace.advance(1)
    assert [event.split()[2] for event in pace.seen] == ["event", "ended"]
    assert not pace.realtime.is_running


def test_an_error_of_the_simulation_itself_is_told() -> None:
    pace = Pace()
    pace.simulation.at(0.1, lambda: 1 // 0)
    failures: list[Any] = []
    pace.realtime.start().addErrback(failures.append)
    pace.advance(1, steps=10)
    assert [failure.type for failure in failures] == [ZeroDivisionError]


@pytest.fixture
def warnings() -> Iterator[list[str]]:
    """Return what is logged as a warning."""
    found: list[str] = []

    @implementer(ILogObserver)
    def observe(event: Any) -> None:
        if event["log_level"].name == "warn":
            found.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield found
    globalLogPublisher.removeObserver(observe)


def test_a_simulation_that_is_too_slow_falls_behind_and_says_so(warnings: list[str]) -> None:
    pace = Pace()
    late: list[float] = []

    def work(count: int) -> None:
        late.append(pace.realtime.lag_s)
        pace.clock.rightNow += 0.03  # what a millisecond of this simulation takes
        if count:
            pace.simulation.after(0.001, work, count - 1)

    pace.simulation.at(0, work, 99)
    pace.realtime.start()
    pace.advance(0)
    assert late == sorted(late)
    assert late[-1] == pytest.approx(2.9, abs=0.1)
    assert warnings == ["the simulation is 1.0 s late: this machine cannot simulate 1 s in a second"]
    pace.advance(1, steps=200)
    assert pace.realtime.lag_s == 0.0
    assert pace.simulation.now_ns == pace.realtime.due_ns
