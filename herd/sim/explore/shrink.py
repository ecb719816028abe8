"""A failing history made small: fewer steps, shorter, rounder, as long as the same check fails.

Each attempt runs in a forked child, several at once; which of them counts does not depend on which is done
first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import define, evolve

from herd.sim.engine.chance import Tape
from herd.sim.explore.crew import LIMIT_S, Crew, pursue
from herd.sim.explore.reduce import Reducer, fewer, simpler
from herd.sim.explore.run import plan
from herd.sim.explore.search import Search
from herd.sim.explore.seeds import preload, work
from herd.sim.explore.simpler import earlier, plainer, shorter, sooner
from herd.sim.explore.verdict import Verdict, judge

if TYPE_CHECKING:
    from herd.sim.explore.children import Ended, Work
    from herd.sim.explore.task import Task
    from herd.sim.scenario import Scenario, Step

ATTEMPTS: Final = 1000
"""Runs that a shrinking may take, if it is not done before."""

Steps: TypeAlias = "tuple[Step, ...]"


class NothingToShrinkError(ValueError):
    """A run in which the check does not fail; one line."""


@define
class Shrinking:
    """How far it is: what fails, by which verdict it is known, and how often it was tried."""

    check: str
    before: Steps
    steps: Steps
    verdict: Verdict
    attempts: int = 1
    real_s: float = 0.0
    whole: bool = False
    """Whether nothing more can be left out; False while it goes on, and where the attempts ran out."""


Tell: TypeAlias = Callable[[Shrinking], object]


def shrink(  # noqa: PLR0913 - what may be asked for
    task: Task,
    scenario: Scenario,
    *,
    check: str | None = None,
    jobs: int,
    limit_s: float = LIMIT_S,
    attempts: int = ATTEMPTS,
    tell: Tell | None = None,
) -> Shrinking:
    """Make the steps of a run small, while the same check fails: the one named, or the first that does.

    `tell` hears of the state after each attempt. A `NothingToShrinkError` if that check does not fail.
    """
    with Crew[int](jobs, limit_s) as crew:
        preload(crew, task.scenario, scenario, task.seed)
        shrinker = _Shrinker(task, scenario, crew, attempts, tell)
        return shrinker.run(check)


class _Shrinker:
    def __init__(
        self, task: Task, scenario: Scenario, crew: Crew[int], attempts: int, tell: Tell | None
    ) -> None:
        self._task = task
        self._scenario = scenario
        self._crew = crew
        self._limit = attempts
        self._tell = tell or (lambda _: None)
        self._began_s = time.monotonic()
        self._passed: set[str] = set()
        """Texts of steps that do not fail: they are not tried again."""

    def run(self, check: str | None) -> Shrinking:
        """Shrink until nothing gets smaller, or the attempts are used up."""
        self._state = state = self._first(check)
        self._tell(state)
        seen: list[Steps] = []
        while state.steps not in seen and not self._spent:
            seen.append(state.steps)
            self._drive(fewer(state.steps))
            self._drive(sooner(state.steps))
            for variants in (shorter, earlier, plainer):
                self._drive(simpler(state.steps, variants))
            state.steps = tuple(sorted(state.steps, key=lambda step: step.at_s))
        state.whole = not self._spent
        state.real_s = time.monotonic() - self._began_s
        return state

    @property
    def _spent(self) -> bool:
        return self._state.attempts >= self._limit

    def _first(self, check: str | None) -> Shrinking:
        search = Search(1)
        [(_, ended)] = pursue(self._crew, search, lambda _: work(self._task, self._scenario), lambda _: False)
        verdict = judge(self._task.seed, ended)
        failed = verdict.failed_checks
        if not failed:
            raise NothingToShrinkError(
                f"no check fails with seed {self._task.seed}: there is nothing to shrink"
            )
        if check is not None and check not in failed:
            raise NothingToShrinkError(
                f"the check {check!r} does not fail with seed {self._task.seed}; {_listed(failed)} does"
            )
        steps = self._task.steps
        if steps is None:
            steps = self._planned(verdict)
        return Shrinking(check or failed[0], steps, steps, verdict)

    def _planned(self, verdict: Verdict) -> Steps:
        if verdict.outcome is not None:
            return tuple(verdict.outcome.steps)
        # The run never told: its plan is drawn here.
        try:
            return tuple(plan(self._scenario, self._task.seed, Tape(dict(self._task.overrides))))
        except Exception as error:
            raise NothingToShrinkError(
                f"its plan fails with seed {self._task.seed}: {type(error).__name__}: {error}"
            ) from error

    def _drive(self, reducer: Reducer[Step]) -> None:
        """Try what a reducer wants to know, and keep the smallest steps that fail."""
        try:
            candidates = next(reducer)
            while True:
                failing = None if self._spent else self._first_failing(candidates)
                if failing is not None:
                    self._state.steps, self._state.verdict = candidates[failing[0]], failing[1]
                    self._tell(self._state)
                candidates = reducer.send(None if failing is None else failing[0])
        except StopIteration:
            return

    def _first_failing(self, candidates: Sequence[Steps]) -> tuple[int, Verdict] | None:
        """Try candidates; return the number of the first that fails, and how it does."""
        state = self._state
        new = [number for number, steps in enumerate(candidates) if repr(steps) not in self._passed]
        search = Search(len(new))
        verdicts: dict[int, Verdict] = {}

        def work_of(number: int) -> Work:
            return work(evolve(self._task, steps=candidates[new[number]]), self._scenario)

        for number, ended in pursue(self._crew, search, work_of, self._fails):
            state.attempts += 1
            state.real_s = time.monotonic() - self._began_s
            if self._fails(ended):
                verdicts[number] = judge(self._task.seed, ended)
            else:
                self._passed.add(repr(candidates[new[number]]))
            self._tell(state)
        return None if search.lowest is None else (new[search.lowest], verdicts[search.lowest])

    def _fails(self, ended: Ended) -> bool:
        return self._state.check in judge(self._task.seed, ended).failed_checks


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names))
