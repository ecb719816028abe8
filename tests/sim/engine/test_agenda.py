"""The agenda: whatever is added, and whenever, events come in the order of their times."""

from __future__ import annotations

from heapq import heappop
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine.agenda import Agenda
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from herd.sim.engine.agenda import Event
    from herd.sim.engine.process import Process

DELAYS_NS = st.one_of(
    st.integers(0, 300_000), st.integers(0, 60_000_000_000), st.sampled_from([0, 131_071, 131_072, 131_073])
)


def run(agenda: Agenda, most: int = 1 << 30) -> list[Event]:
    """Take out events as the simulation does."""
    taken: list[Event] = []
    while len(taken) < most and (agenda.near or agenda.open()):
        taken.append(heappop(agenda.near))
    return taken


def nothing() -> None:
    """Happen."""


@given(st.lists(DELAYS_NS))
def test_events_come_in_the_order_of_their_times_and_of_being_added(times_ns: list[int]) -> None:
    agenda = Agenda()
    for number, time_ns in enumerate(times_ns):
        agenda.add(time_ns, number, nothing)
    assert len(agenda) == len(times_ns)
    events = [(event[0], event[2]) for event in run(agenda)]
    assert events == sorted((time_ns, number) for number, time_ns in enumerate(times_ns))
    assert len(agenda) == 0


@given(st.lists(DELAYS_NS, min_size=1, max_size=60), st.lists(DELAYS_NS, max_size=200))
def test_what_is_added_while_events_run_finds_its_place(first: list[int], then: list[int]) -> None:
    agenda = Agenda()
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


@given(st.lists(DELAYS_NS), st.integers(0, 50))
def test_only_what_is_wanted_stays(times_ns: list[int], done: int) -> None:
    agenda = Agenda()
    for number, time_ns in enumerate(times_ns):
        agenda.add(time_ns, number, nothing)
    gone = {event[2] for event in run(agenda, done)}
    agenda.keep(lambda event: event[2] % 3 == 0)
    left = [(time_ns, each) for each, time_ns in enumerate(times_ns) if each % 3 == 0 and each not in gone]
    assert len(agenda) == len(left)
    assert [(event[0], event[2]) for event in run(agenda)] == sorted(left)


def test_a_cleared_agenda_is_empty() -> None:
    agenda = Agenda()
    agenda.add(1, None, nothing)
    agenda.add(1 << 40, None, nothing)
    agenda.open()
    agenda.clear()
    assert (len(agenda), agenda.open()) == (0, False)


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
    assert len(simulation._agenda) == 7_000 % 2_000
    simulation.close()
