"""A timer, pure and compiled: due at the same nanosecond, called once, and not when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sim.engine.twins import CHOSEN, PURE, both, go_on

if TYPE_CHECKING:
    from fractions import Fraction

    from tests.sim.engine.twins import Parts

DELAYS_S = st.one_of(st.floats(0.0, 1e6), st.integers(0, 10**6), st.fractions(0, 1000), st.booleans())


class OverError(Exception):
    """What a timer's state is when it was called."""


class Reactor:
    """What a timer asks of one: the wall clock is its time."""

    def __init__(self, process: Any) -> None:
        self.process = process
        self.timers: dict[int, Any] = {}

    def local_ns(self) -> int:
        """Return the time by which timers are due."""
        return self.process.wall_ns()  # type: ignore[no-any-return]


def ground(parts: Parts) -> tuple[Any, Any, Any]:
    """A timeline, a process, and a class of timers."""

    class Ground(parts.Timeline):  # type: ignore[misc,name-defined]
        @property
        def schedule(self) -> Any:
            return self.agenda.add

    class Process(parts.Owner):  # type: ignore[misc,name-defined]
        reactor: Reactor

    class Timer(parts.PlainTimer):  # type: ignore[misc,name-defined]
        already_called = OverError

    process = Process()
    process.simulation = Ground()
    process.clock = parts.Ticking()
    process.clock.offset_ns = 10**18
    process.reactor = Reactor(process)
    return process.simulation, process, Timer


@given(DELAYS_S, st.sampled_from([0, 250, -20_000, 100_000]))
def test_both_are_due_at_the_same_time(delay: float | Fraction, drift_ppm: int) -> None:
    due = []
    for parts in (PURE, CHOSEN):
        timeline, process, timer = ground(parts)
        timeline.now_ns = 5
        process.clock.drift_ppm = drift_ppm
        made = timer(process, 1, delay, list, (), {})
        assert made.local_ns == process.wall_ns() + round(delay * 10**9)
        due.append((made.due_ns, made.local_ns, made.entries, timeline.agenda.next_ns))
    assert due[0] == due[1]


@both
@pytest.mark.parametrize("delay", [float("inf"), float("nan")])
def test_a_time_that_is_none_is_an_error(parts: Parts, delay: float) -> None:
    _, process, timer = ground(parts)
    with pytest.raises((ValueError, OverflowError)):
        timer(process, 1, delay, list, (), {})


@both
def test_it_is_called_once_with_what_it_was_given(parts: Parts) -> None:
    timeline, process, timer = ground(parts)
    called: list[Any] = []

    def call(*args: object, **kwargs: object) -> None:
        called.append((timeline.now_ns, args, kwargs, made.state, process.reactor.timers))

    made = process.reactor.timers[7] = timer(process, 7, 2.5, call, (1, 2), {"three": 3})
    assert not made.is_idle
    go_on(timeline)
    assert called == [(2_500_001_000, (1, 2), {"three": 3}, OverError, {})]
    assert made.is_idle
    assert timeline.events == 1


@both
def test_one_that_has_ended_is_not_called_and_is_no_event(parts: Parts) -> None:
    timeline, process, timer = ground(parts)
    called: list[int] = []
    made = timer(process, 1, 1.0, called.append, (1,), {})
    made.end(OverError)
    go_on(timeline)
    assert (called, made.state, timeline.events) == ([], OverError, 0)


@both
def test_one_that_was_put_off_waits(parts: Parts) -> None:
    timeline, process, timer = ground(parts)
    called: list[int] = []
    made = timer(process, 1, 1.0, lambda: called.append(timeline.now_ns), (), {})
    made.due_ns = 3_000_000_000
    go_on(timeline)
    assert (called, timeline.events) == ([3_000_000_000], 1)
