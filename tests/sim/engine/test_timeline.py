"""The loop, pure and compiled: events in their order, turns at their ends, failures to whom they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine import current
from tests.sim.engine.twins import both, go_on

if TYPE_CHECKING:
    from tests.sim.engine.twins import Parts


class Told(list[Any]):
    """What happened, in order."""


def world(parts: Parts, told: Told) -> Any:
    class World(parts.Timeline):  # type: ignore[misc,name-defined]
        def collect(self) -> None:
            told.append("collected")

    return World()


def process(parts: Parts, told: Told) -> Any:
    """A process that has put off something to the end of its turn."""

    class Process(parts.Owner):  # type: ignore[misc,name-defined]
        def miss(self, event: tuple[Any, ...]) -> None:
            told.append(("missed", event[0]))

        @property
        def reactor(self) -> Any:
            return self

        def end_turn(self) -> None:
            self.call_ending()

        def call_ending(self) -> None:
            ending = self.ending.copy()
            self.ending.clear()
            for each in ending:
                each()

        def become_current(self) -> None:
            current.process = self

    made = Process()
    made.process = made
    return made


@both
def test_events_run_in_their_order_until_the_limit(parts: Parts) -> None:
    told = Told()
    timeline, owner = world(parts, told), parts.Owner()
    for time_ns in (30, 10, 20):
        timeline.agenda.add(time_ns, owner, lambda: told.append((timeline.now_ns, timeline.events)))
    go_on(timeline, 20)
    assert told == [(10, 1), (20, 2)]
    go_on(timeline)
    assert (told[2:], timeline.now_ns, timeline.events) == ([(30, 3)], 30, 3)


@both
def test_the_owner_of_an_event_is_current(parts: Parts) -> None:
    told = Told()
    timeline, program, nobody = world(parts, told), process(parts, told), parts.Owner()
    for owner in (program, nobody, program):
        timeline.agenda.add(1, owner, lambda: told.append(current.process))
    go_on(timeline)
    assert told == [program, None, program]


@both
def test_who_is_halted_misses_events_and_no_time_passes(parts: Parts) -> None:
    told = Told()
    timeline, program = world(parts, told), process(parts, told)
    program.halted = True
    timeline.agenda.add(5, program, told.append, ("run",))
    go_on(timeline)
    assert (told, timeline.now_ns, timeline.events) == ([("missed", 5)], 0, 0)


@both
def test_it_stops_after_the_event_that_says_so(parts: Parts) -> None:
    told = Told()
    timeline, owner = world(parts, told), parts.Owner()

    def stop() -> None:
        timeline.stopped = True

    timeline.agenda.add(1, owner, stop)
    timeline.agenda.add(2, owner, told.append, ("later",))
    go_on(timeline)
    assert (told, timeline.now_ns) == ([], 1)


@both
def test_a_turn_ends_when_its_event_is_over(parts: Parts) -> None:
    told = Told()
    timeline, program = world(parts, told), process(parts, told)

    def run() -> None:
        timeline.turns.append(program)
        program.ending.append(lambda: told.append("end of turn"))
        told.append("event")

    timeline.agenda.add(1, program, run)
    timeline.agenda.add(1, program, told.append, ("next",))
    go_on(timeline)
    assert told == ["event", "end of turn", "next"]


@both
def test_what_an_event_raises_comes_out_and_its_turn_ends_afterwards(parts: Parts) -> None:
    told = Told()
    timeline, program = world(parts, told), process(parts, told)

    def run() -> None:
        timeline.turns.append(program)
        program.ending.append(lambda: told.append("end of turn"))
        raise ValueError("failed")

    timeline.agenda.add(1, program, run)
    timeline.agenda.add(2, program, told.append, ("next",))
    with pytest.raises(ValueError, match="failed"):
        go_on(timeline)
    assert (timeline.owner, told) == (program, [])
    go_on(timeline)
    assert told == ["end of turn", "next"]


@both
def test_what_the_end_of_a_turn_raises_belongs_to_its_process(parts: Parts) -> None:
    told = Told()
    timeline, program = world(parts, told), process(parts, told)

    def fail() -> None:
        raise ValueError("failed")

    def run() -> None:
        timeline.turns.append(program)
        program.ending.append(fail)

    timeline.agenda.add(1, parts.Owner(), run)
    with pytest.raises(ValueError, match="failed"):
        go_on(timeline)
    assert timeline.owner is program


@both
def test_garbage_is_collected_at_a_fixed_number_of_events(parts: Parts) -> None:
    told = Told()
    timeline, owner = world(parts, told), parts.Owner()
    timeline.collect_at = 3
    for number in range(5):
        timeline.agenda.add(number, owner, told.append, (number,))
    go_on(timeline)
    assert told == [0, 1, 2, "collected", 3, 4]


@both
def test_a_run_inside_an_event_leaves_it_its_own(parts: Parts) -> None:
    told = Told()
    timeline, outer, inner = world(parts, told), process(parts, told), process(parts, told)

    def run() -> None:
        timeline.go_on(1)
        raise ValueError("failed")

    timeline.agenda.add(0, outer, run)
    timeline.agenda.add(1, inner, told.append, ("inner",))
    with pytest.raises(ValueError, match="failed"):
        go_on(timeline)
    assert (timeline.owner, told) == (outer, ["inner"])
