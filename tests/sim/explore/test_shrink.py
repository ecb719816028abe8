"""A failing history made small."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from attrs import evolve

from herd.sim.engine.faults import Partition
from herd.sim.explore.pasted import as_test
from herd.sim.explore.run import plan
from herd.sim.explore.shrink import NothingToShrinkError, Shrinking, shrink
from herd.sim.explore.task import Task
from herd.sim.scenario import Step, load_module, load_scenario

DOUBLE = "nothing is lost or counted twice"


def shrunk(scenario: str, seed: int, **how: Any) -> Shrinking:
    return shrink(Task(scenario=scenario, seed=seed), load_scenario(scenario), **{"jobs": 2, **how})


def test_fifteen_steps_become_two_and_the_result_is_the_same_however_many_run_at_a_time(
    forgetful: str,
) -> None:
    told = []
    found = shrunk(forgetful, 47, tell=lambda state: told.append((state.attempts, len(state.steps))))
    [add, cut] = found.steps
    assert (repr(add.action), add.at_s) == ("Add(client='north', amount=1)", 0.0)
    assert (cut.action, cut.for_s) == (Partition(("north",)), 1.5)
    assert 0.0 < cut.at_s < 0.5
    assert (len(found.before), found.check, found.whole) == (15, DOUBLE, True)
    assert [each.text for each in found.verdict.violations] == ["the counter shows 2, all additions make 1"]
    assert told[0] == (1, 15)
    assert told[-1][1] == 2
    for jobs in (1, 3):
        assert repr(shrunk(forgetful, 47, jobs=jobs).steps) == repr(found.steps)


def test_the_attempts_may_be_few(forgetful: str) -> None:
    found = shrunk(forgetful, 47, attempts=4)
    assert not found.whole
    assert 2 < len(found.steps) < 15
    assert DOUBLE in found.verdict.failed_checks


def test_what_passes_cannot_be_shrunk(forgetful: str) -> None:
    with pytest.raises(NothingToShrinkError, match="no check fails with seed 46: there is nothing to shrink"):
        shrunk(forgetful, 46)


def test_a_check_that_does_not_fail_cannot_be_kept(forgetful: str) -> None:
    with pytest.raises(NothingToShrinkError) as caught:
        shrunk(forgetful, 47, check="every request is answered")
    assert str(caught.value) == (
        f"the check 'every request is answered' does not fail with seed 47; {DOUBLE!r} does"
    )


def test_a_crash_is_shrunk_too_and_stays_the_same_crash(counter: str) -> None:
    def finish(simulation: Any) -> None:
        if simulation.scene["north"].amounts:
            raise ZeroDivisionError
        raise KeyError

    scenario = evolve(load_scenario(counter), finish=finish)
    found = shrink(Task(scenario=counter, seed=4), scenario, jobs=2)
    assert found.check == "the run ends: ZeroDivisionError"
    assert [repr(each.action) for each in found.steps] == ["Add(client='north', amount=0)"]


def test_the_small_history_is_a_test_to_be_pasted(forgetful: str) -> None:
    add = load_module(forgetful.replace("forgetful", "counter")).Add
    steps = [Step(0.0, add("north")), Step(0.25, Partition(("north",)), for_s=2.0)]
    text = as_test(forgetful, 47, steps, ["the counter shows 2"])
    assert (
        text
        == f"""\
from herd.sim.engine.faults import Partition
from herd.sim.scenario import Step, load_module
from herd.sim.testing import Simulate

counter = load_module("tests/sim/explore/scenarios/counter.py")
Add = counter.Add


def test_forgetful_with_seed_47(simulate: Simulate) -> None:
    # the counter shows 2
    simulate(
        "{forgetful}",
        seed=47,
        steps=[
            Step(0.0, Add("north")),
            Step(0.25, Partition(("north",)), for_s=2.0),
        ],
    )
"""
    )
    ast.parse(text)


def test_a_history_without_steps_needs_no_imports_for_them() -> None:
    assert (
        as_test("five-servers-quiet", 3, [])
        == """\
from herd.sim.testing import Simulate


def test_five_servers_quiet_with_seed_3(simulate: Simulate) -> None:
    simulate(
        "five-servers-quiet",
        seed=3,
        steps=[],
    )
"""
    )


def test_of_a_traceback_the_first_and_the_last_line_are_enough() -> None:
    text = as_test(
        "five-servers-quiet", 3, [], ["Traceback (most recent call last):\n  File x\n\nKeyError: 3\n"]
    )
    assert "    # Traceback (most recent call last):\n    # KeyError: 3\n    simulate(" in text


def test_a_plan_is_in_the_order_of_time(counter: str) -> None:
    times = [each.at_s for each in plan(load_scenario(counter), 5)]
    assert times == sorted(times)
