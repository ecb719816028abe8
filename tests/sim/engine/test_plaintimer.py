"""A timer, pure and compiled: due at the same nanosecond, called once, and not when it has ended."""

from __future__ import annotations

from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine import plaintimer
from herd.sim.engine.pipes import Pipe
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.sockets import TcpSocket
from herd.sim.engine.timers import DelayedCall
from herd.sim.engine.trace import Kind, Trace
from herd.sim.engine.tracefile import read_trace
from tests.sim.engine.twins import CHOSEN, PURE, both, go_on

if TYPE_CHECKING:
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
def test_a_time_that_is_none_is_an_error(parts: Parts) -> None:
    _, process, timer = ground(parts)
    with pytest.raises(ValueError, match="NaN"):
        timer(process, 1, float("nan"), list, (), {})


@both
@pytest.mark.parametrize("delay", [float("inf"), 8e9, 1e300, 3_000_000_001, 10**30, Fraction(10**20, 3)])
@pytest.mark.parametrize("drift_ppm", [0, -999_999, 100_000])
def test_who_waits_for_ever_waits_almost_a_century(parts: Parts, delay: Any, drift_ppm: int) -> None:
    _, process, timer = ground(parts)
    process.clock.drift_ppm = drift_ppm
    made = timer(process, 1, delay, list, (), {})
    longest_ns = plaintimer.LONGEST_S * 10**9
    assert made.local_ns == process.wall_ns() + longest_ns
    assert made.due_ns == min(longest_ns, process.clock.true_ns(longest_ns)) + plaintimer.TURN_NS


@pytest.mark.skipif(CHOSEN.PlainTimer is plaintimer.PlainTimer, reason="nothing is compiled here")
@pytest.mark.parametrize(
    ("made", "ask"),
    [
        (DelayedCall, lambda it: it.come()),
        (DelayedCall, lambda it: it.schedule(1)),
        (DelayedCall, lambda it: it.end(OverError)),
        (TcpSocket, lambda it: it.take(b"")),
        (TcpSocket, lambda it: it.note_read(b"")),
        (TcpSocket, lambda it: it.send_whole(b"")),
        (Pipe, lambda it: it.arrive(0, b"", 0)),
        (Pipe, lambda it: it.transmit(0, b"", 0)),
        (Pipe, lambda it: it.write(b"")),
        (Pipe, lambda it: it.push(b"")),
    ],
)
def test_what_was_never_made_raises(made: Any, ask: Any) -> None:
    with pytest.raises(AttributeError):
        ask(made.__new__(made))


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


class Plain:
    """What can be called, and has no name of its own."""

    def __call__(self) -> None:
        """Do nothing."""


def test_names_are_those_of_every_version_of_python() -> None:
    names = {
        "talk.<locals>.<listcomp>.<lambda>": "talk.<locals>.<lambda>",
        "<dictcomp>.<setcomp>.<lambda>": "<lambda>",
        "<genexpr>.<lambda>": "<genexpr>.<lambda>",
        "compute": "compute",
    }
    called: list[Any] = [Plain()]
    for name in names:
        called.append(lambda: None)
        called[-1].__qualname__ = name
    trace = Trace(file := BytesIO())
    simulation = Simulation(trace=trace)

    def talk(reactor: Any) -> None:
        for number, each in enumerate(called):
            reactor.callLater(number, each)

    simulation.host("a").start(Call(talk))
    simulation.run(10.0)
    trace.close()
    simulation.close()
    told = [event.data.decode() for event in read_trace(file.getvalue()) if event.kind is Kind.TIMER]
    assert told == [*map(plaintimer.name_of, called)] == ["Plain", *names.values()]
