"""Every scenario that comes with herd passes its checks, and is the same history when it is run again."""

from __future__ import annotations

import pytest

from herd.sim.engine.chance import Chance
from herd.sim.explore.run import Run, plan
from herd.sim.scenario import load_scenario, shipped

LARGE = "random-graph-of-1000"
"""Half a minute of processor time: here only its plan is drawn; `herd sim run` runs it."""


@pytest.mark.parametrize("name", [name for name in shipped() if name != LARGE])
def test_a_shipped_scenario_passes(name: str) -> None:
    outcome = Run(load_scenario(name), 0).run()
    assert outcome.violations == ()
    assert outcome.events > 1_000


@pytest.mark.parametrize(
    "name", ["five-servers-under-faults", "tls-links-under-partitions", "disk-promises-under-faults"]
)
def test_it_is_the_same_history_when_it_is_run_again(name: str) -> None:
    first, second = (Run(load_scenario(name), 3).run(until_s=20.0) for _ in range(2))
    assert first.events > 500
    assert first.digest == second.digest


def test_another_seed_is_another_history() -> None:
    scenario = load_scenario("five-servers-under-faults")
    assert plan(scenario, 1) != plan(scenario, 2)
    assert Run(scenario, 1).run(until_s=5.0).digest != Run(scenario, 2).run(until_s=5.0).digest


def test_the_large_one_has_work_to_do() -> None:
    scenario = load_scenario(LARGE)
    steps = scenario.plan(Chance(0))
    assert steps
    assert {step.for_s for step in steps} == {None}
