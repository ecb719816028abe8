"""Many seeds: the lowest that fails, whatever finishes first, and the same history as alone."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve

from herd.sim.engine.trace import NOBODY, NOTE
from herd.sim.explore.seeds import ONE_HISTORY, Tally, search_seeds
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


def test_an_exception_in_a_check_is_a_failure_of_that_check(counter: str) -> None:
    scenario = evolve(load_scenario(counter), checks={"raises": lambda simulation: simulation.scene.nothing})
    tally = search_seeds(counter, scenario, first=0, count=5, jobs=2)
    assert [(each.seed, each.failed_checks) for each in tally.failed] == [(0, ["raises"])]


SAID: dict[str, tuple[Any, list[str]]] = {
    "a text": (lambda _: "it is a text", ["it is a text"]),
    "numbers": (lambda _: [1, 2], ["1", "2"]),
    "nothing": (
        lambda _: None,
        ["the check returned None: let it return a sentence for each violation, [] if there is none"],
    ),
}


@pytest.mark.parametrize("what", SAID)
def test_what_is_no_list_of_sentences_is_told_as_one(what: str, counter: str) -> None:
    check, sentences = SAID[what]
    scenario: Scenario = evolve(load_scenario(counter), checks={what: check, "passes": lambda _: []})
    outcome = perform(Task(scenario=counter, seed=1), scenario).outcome
    assert [(each.check, each.text) for each in outcome.violations] == [(what, text) for text in sentences]


def test_an_assertion_in_a_check_is_told_with_its_line(counter: str) -> None:
    def check(simulation: Any) -> list[str]:
        assert simulation.scene is None, "there is a scene"
        return []

    scenario = evolve(load_scenario(counter), checks={"asserts": check, "fails": lambda _: ["it does"]})
    outcome = perform(Task(scenario=counter, seed=1), scenario).outcome
    line = check.__code__.co_firstlineno + 1
    first, second = outcome.violations
    assert re.fullmatch(rf"AssertionError: there is a scene.*\({__file__}:{line}\)", first.text, re.DOTALL)
    assert (second.check, second.text) == ("fails", "it does")


def with_memory(scenario: Scenario) -> Scenario:
    """Return a scenario whose history tells how often its process has run it: what no seed may do."""
    runs: list[int] = []

    def build(simulation: Simulation) -> object:
        scene = scenario.build(simulation)
        simulation.record(NOTE, NOBODY, NOBODY, 0, len(runs))
        runs.append(simulation.seed)
        return scene

    return evolve(scenario, build=build)


def test_what_outlives_a_run_is_found_when_a_process_ends(counter: str) -> None:
    scenario = with_memory(load_scenario(counter))
    tally = search_seeds(counter, scenario, first=0, count=4, jobs=1, turns=2)
    assert [(each.seed, each.failed_checks) for each in tally.failed] == [(1, [ONE_HISTORY])]
    (violation,) = tally.failed[0].violations
    assert violation.text.startswith("its history after 1 other runs in one process (digest ")
    assert violation.text.endswith("something outlives a run; --turns 1 gives each a process of its own")
    assert search_seeds(counter, scenario, first=0, count=4, jobs=1, turns=1).passed == 4


def test_what_outlives_a_run_is_found_when_the_seeds_end_before_a_process_does(counter: str) -> None:
    scenario = with_memory(load_scenario(counter))
    tally = search_seeds(counter, scenario, first=5, count=3, jobs=1)
    assert [(each.seed, each.failed_checks) for each in tally.failed] == [(7, [ONE_HISTORY])]
    tally = search_seeds(counter, scenario, first=5, count=4, jobs=2, every=True)
    assert tally.failed
    assert (tally.count, sorted(tally.digests)) == (4, [5, 6, 7, 8])


def test_a_failure_is_what_it_is_in_a_process_of_its_own(counter: str) -> None:
    seen: list[int] = []

    def after_others(simulation: Simulation) -> list[str]:
        seen.append(simulation.seed)
        return ["not the first"] if len(seen) > 1 else []

    scenario = evolve(load_scenario(counter), checks={"is the first": after_others})
    tally = search_seeds(counter, scenario, first=7, count=4, jobs=1)
    assert [(each.seed, each.failed_checks) for each in tally.failed] == [(8, [ONE_HISTORY])]
    assert "fails is the first) is not the one that it has alone" in tally.failed[0].violations[0].text


def test_an_empty_tally_has_no_pace() -> None:
    assert (Tally().per_s, Tally().per_cpu_s) == (0.0, 0.0)
