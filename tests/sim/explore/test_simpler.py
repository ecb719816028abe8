"""Variants of a step: each simpler than it, and no way down without an end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine.faults import ClockStep, Crash, LossyLink, Partition, SlowLink
from herd.sim.explore.reduce import simpler
from herd.sim.explore.simpler import earlier, places, plainer, shorter, smaller, sooner
from herd.sim.scenario import Step
from tests.sim.explore.test_reduce import reduce


def test_a_number_falls_to_rounder_ones() -> None:
    assert list(smaller(3.734064)) == [0.0, 1.0, 2.0, 3.0, 3.7, 3.73, 3.734]
    assert list(smaller(0.04)) == [0.0, 0.01, 0.02, 0.03]
    assert list(smaller(1.0)) == [0.0, 0.2, 0.5, 0.8]
    assert list(smaller(2.0)) == [0.0, 0.5, 1.0, 1.5]
    assert list(smaller(0.0)) == []


@given(number=st.floats(0, 1e6))
def test_what_is_smaller_is_less_and_every_way_down_ends(number: float) -> None:
    steps = 0
    while True:
        variants = list(smaller(number))
        assert all(0 <= each < number for each in variants)
        if not variants:
            break
        number = variants[-1]  # the smallest step down that there is
        steps += 1
        assert steps < 400
    assert number >= 0.0


def test_places_are_counted() -> None:
    assert [places(each) for each in (2.0, 2.5, 0.125, 3)] == [0, 1, 3, 0]


def test_a_fault_gets_shorter_but_not_empty() -> None:
    assert [each.for_s for each in shorter(Step(1.0, Crash("a"), for_s=2.0))] == [0.5, 1.0, 1.5]
    assert list(shorter(Step(1.0, Crash("a")))) == []


def test_a_step_comes_earlier_or_at_a_rounder_time_just_after() -> None:
    assert [each.at_s for each in earlier(Step(1.876, Crash("a")))] == [0.0, 0.5, 1.0, 1.8, 1.87, 2.0]
    assert [each.at_s for each in earlier(Step(2.0, Crash("a")))] == [0.0, 1.0]


@given(at_s=st.floats(0, 1e4), for_s=st.floats(0.001, 1e3), salt=st.integers())
def test_every_step_comes_to_an_end_whatever_fails(at_s: float, for_s: float, salt: int) -> None:
    for variants in (earlier, shorter):
        start = Step(at_s, Crash("a"), for_s)
        _, tried = reduce(simpler([start], variants), lambda each: hash((salt, each)) % 3 > 0)
        assert tried < 2000


def test_what_follows_comes_sooner_with_it() -> None:
    steps = (Step(10.0, Crash("a"), for_s=1.0), Step(12.5, Crash("b")), Step(40.0, Crash("c")))
    found, _ = reduce(sooner(steps), lambda each: each[1].at_s - each[0].at_s >= 2.0)
    assert [each.at_s for each in found] == [0.0, 2.0, 2.0]


def test_an_action_gets_plainer_arguments() -> None:
    def variants(action: object) -> list[object]:
        return [each.action for each in plainer(Step(0.0, action))]  # type: ignore[arg-type]

    assert variants(Partition(("a", "b"), ("c",))) == [Partition(("b",), ("c",)), Partition(("a",), ("c",))]
    assert variants(SlowLink("a", "b", 300)) == [SlowLink("a", "b", each) for each in (0, 1, 150)]
    assert variants(LossyLink("a", "b", 0.5)) == [LossyLink("a", "b", each) for each in (0.0, 0.1, 0.2, 0.4)]
    assert variants(ClockStep("a", -3)) == []
    assert variants(Crash("a")) == []
