"""The agenda, pure and compiled: whatever is added, and whenever, events come in the order of their times."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine import agenda, native
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.agenda import Agenda, Event
    from herd.sim.engine.process import Process

DELAYS_NS = st.one_of(
    st.integers(0, 300_000), st.integers(0, 60_000_000_000), st.sampled_from([0, 131_071, 131_072, 131_073])
)


EVER = 1 << 62

BOTH = tuple(dict.fromkeys([agenda.Agenda, native.Agenda]))
"""They are one where nothing is compiled."""
KINDS = st.sampled_from(BOTH)

both = pytest.mark.parametrize("kind", BOTH)


def run(agenda: Agenda, most: int = 1 << 30) -> list[Event]:
    """Take out events as the simulation does."""
    taken: list[Event] = []
    while len(taken) < most:
        first_ns = agenda.next_ns
        event = agenda.pop(EVER)
        assert (None if event is None else event[0]) == first_ns
        if event is None:
            break
        taken.append(event)
    return taken


def nothing() -> None:
    """Happen."""


@given(KINDS, st.lists(DELAYS_NS))
def test_events_come_in_the_order_of_their_times_and_of_being_added(
    kind: type[Agenda], times_ns: list[int]
) -> None:
    agenda = kind()
    for number, time_ns in enumerate(times_ns):
        agenda.add(time_ns, number, nothing)
    assert len(agenda) == len(times_ns)
    events = [(event[0], event[2]) for event in run(agenda)]
    assert events == sorted((time_ns, number) for number, time_ns in enumerate(times_ns))
    assert len(agenda) == 0


@given(KINDS, st.lists(DELAYS_NS, min_size=1, max_size=60), st.lists(DELAYS_NS, max_size=200))
def test_what_is_added_while_events_run_finds_its_place(
    kind: type[Agenda], first: list[int], then: list[int]
) -> None:
    agenda = kind()
    for time_ns in first:
        agenda.add(time_ns, None, nothing)
    seen, delays = [], iter(then)
    while events := run(agenda, 1):
        [(now_ns, number, *_)] = events
        seen.append((now_ns, number))
        for _ in range(2):
            delay_ns = next(delays, None)
            if delay_ns is not None:
                agenda.add(now_ns + delay_ns, None, nothing)
    assert seen == sorted(seen)
    assert len(seen) == len(first) + len(then)


@given(KINDS, st.lists(DELAYS_NS), st.integers(0, 50))
def test_only_what_is_wanted_stays(kind: type[Agenda], times_ns: list[int], done: int) -> None:
    agenda = kind()
    for number, time_ns in enumerate(times_ns):
        agenda.add(time_ns, number, nothing)
    gone = {event[2] for event in run(agenda, done)}
    agenda.keep(lambda event: event[2] % 3 == 0)
    left = [(time_ns, each) for each, time_ns in enumerate(times_ns) if each % 3 == 0 and each not in gone]
    assert len(agenda) == len(left)
    assert [(event[0], event[2]) for event in run(agenda)] == sorted(left)


@both
def test_a_cleared_agenda_is_empty(kind: type[Agenda]) -> None:
    agenda = kind()
    for time_ns in (1, 2, 1 << 40):
        agenda.add(time_ns, None, nothing)
    assert agenda.pop(EVER) is not None
    agenda.clear()
    assert (len(agenda), agenda.next_ns, agenda.pop(EVER)) == (0, None, None)


@both
def test_what_is_after_the_limit_stays(kind: type[Agenda]) -> None:
    agenda = kind()
    agenda.add(7, "a host", nothing, (1, 2))
    assert agenda.pop(6) is None
    assert agenda.pop(7) == (7, 1, "a host", nothing, (1, 2))


@both
def test_keeping_that_fails_keeps_all(kind: type[Agenda]) -> None:
    agenda = kind()
    for time_ns in range(100):
        agenda.add(time_ns, None, nothing)

    def fail(event: Event) -> bool:
        if event[0] == 50:
            raise ValueError
        return True

    with pytest.raises(ValueError, match=r"^$"):
        agenda.keep(fail)
    assert len(agenda) == 100
    assert [event[0] for event in run(agenda)] == list(range(100))


class Thing:
    """Something that an event holds."""


@both
def test_what_events_hold_is_let_go(kind: type[Agenda]) -> None:
    agenda = kind()
    things = [Thing() for _ in range(4)]
    held = [weakref.ref(thing) for thing in things]
    ways: list[Callable[[], object]] = [
        lambda: agenda.pop(EVER),
        lambda: agenda.keep(lambda event: event[0] != 1),
        agenda.clear,
    ]
    for time_ns, way in enumerate(ways):
        agenda.add(time_ns, things.pop(0), nothing)
        assert held[time_ns]() is not None
        way()
        assert held[time_ns]() is None


@both
def test_an_agenda_that_its_own_events_hold_is_collected(kind: type[Agenda]) -> None:
    agenda, thing = kind(), Thing()
    held = weakref.ref(thing)
    agenda.add(3, thing, nothing, (agenda,))
    del agenda, thing
    gc.collect()
    assert held() is None


class Cancelling:
    """A program that sets timers of an hour, and cancels them."""

    name = "cancelling"

    def __init__(self, timers: int) -> None:
        self.timers = timers

    def start(self, process: Process) -> None:
        for _ in range(self.timers):
            process.reactor.callLater(3600, nothing).cancel()


def test_cancelled_timers_do_not_stay_until_they_would_have_been_due() -> None:
    simulation = Simulation()
    simulation.host("alford").start(Cancelling(7_000))
    simulation.run(1)
    assert len(simulation.agenda) == 7_000 % 2_000
    simulation.close()
