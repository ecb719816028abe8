"""Many seeds: the lowest that fails, whatever finishes first, and the same history as alone."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from attrs import evolve

from herd.sim.explore.seeds import Tally, search_seeds
from herd.sim.explore.task import Task, perform
from herd.sim.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation

DOUBLE = "nothing is lost or counted twice"


def test_a_scenario_that_is_right_passes(counter: str) -> None:
    tally = search_seeds(counter, load_scenario(counter), first=45, count=6, jobs=2)
    assert (tally.passed, tally.failed, tally.count, tally.lowest) == (6, [], 6, None)
    assert list(tally.digests) != []
    assert tally.virtual_s >= 6 * 60.0
    assert tally.per_s > 0
    assert tally.per_cpu_s > 0


def test_a_seed_is_the_same_history_in_a_child_of_many_and_alone(counter: str) -> None:
    scenario = load_scenario(counter)
    tally = search_seeds(counter, scenario, first=3, count=4, jobs=2)
    alone = {
        seed: perform(Task(scenario=counter, seed=seed), scenario).outcome.digest for seed in range(3, 7)
    }
    assert dict(sorted(tally.digests.items())) == alone
    assert len(set(alone.values())) == 4


def test_the_lowest_seed_that_fails_is_reported(forgetful: str) -> None:
    tally = search_seeds(forgetful, load_scenario(forgetful), first=44, count=1000, jobs=2)
    assert [(each.seed, each.failed_checks) for each in tally.failed] == [(47, [DOUBLE])]
    assert tally.passed >= 3
    assert tally.count < 8


def test_all_failures_are_reported_if_wanted(forgetful: str) -> None:
    told = []
    tally = search_seeds(
        forgetful,
        load_scenario(forgetful),
        first=72,
        count=12,
        jobs=2,
        every=True,
        tell=lambda tally: told.append(tally.count),
    )
    assert [each.seed for each in tally.failed] == [73, 82]
    assert (tally.passed, told) == (10, list(range(1, 13)))


def failing(scenario: Scenario, slow: int, at: dict[int, str]) -> Scenario:
    """Return a scenario whose check looks at the seed, and is slow with one."""

    def check(simulation: Simulation) -> list[str]:
        if simulation.seed == slow:
            time.sleep(0.5)
        if at.get(simulation.seed) == "crashes":
            os.abort()
        if at.get(simulation.seed) == "hangs":
            time.sleep(60)
        return ["as it should"] if simulation.seed in at else []

    return evolve(scenario, checks={"looks at the seed": check})


def test_a_slow_failure_with_a_lower_seed_counts(counter: str) -> None:
    scenario = failing(load_scenario(counter), slow=1, at={1: "fails", 2: "fails"})
    tally = search_seeds(counter, scenario, first=0, count=10, jobs=3)
    assert [each.seed for each in tally.failed] == [1]


def test_runs_that_crash_or_take_too_long_have_failed(counter: str) -> None:
    scenario = failing(load_scenario(counter), slow=-1, at={1: "crashes", 2: "hangs"})
    tally = search_seeds(counter, scenario, first=1, count=3, jobs=2, limit_s=1.0, every=True)
    assert [(each.seed, each.failed_checks) for each in tally.failed] == [
        (1, ["the run ends: SIGABRT"]),
        (2, ["the run ends: time limit"]),
    ]
    assert tally.digests[1] is None
    assert tally.passed == 1


def test_an_exception_in_a_check_is_a_failure_with_its_name(counter: str) -> None:
    scenario = evolve(load_scenario(counter), checks={"raises": lambda simulation: simulation.scene.nothing})
    tally = search_seeds(counter, scenario, first=0, count=5, jobs=2)
    assert [(each.seed, each.failed_checks) for each in tally.failed] == [
        (0, ["the run ends: AttributeError"])
    ]


def test_an_empty_tally_has_no_pace() -> None:
    assert (Tally().per_s, Tally().per_cpu_s) == (0.0, 0.0)
