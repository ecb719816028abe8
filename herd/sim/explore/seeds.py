"""Many seeds of one scenario, as fast as the machine can: a fork for each, so many at once."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from typing import TYPE_CHECKING, Final

from attrs import Factory, define

from herd.sim.engine import hosting
from herd.sim.explore.crew import LIMIT_S, Crew, pursue
from herd.sim.explore.search import Search
from herd.sim.explore.task import Task, perform
from herd.sim.explore.verdict import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from herd.sim.explore.children import Ended, Tell, Work
    from herd.sim.scenario import Scenario


_PRELOAD_S: Final = 5.0
"""How much virtual time tells what a scenario imports: programs have started, and have talked by then."""


@define
class Tally:
    """What has come of a search so far."""

    passed: int = 0
    failed: list[Verdict] = Factory(list)
    events: int = 0
    virtual_s: float = 0.0
    cpu_s: float = 0.0
    real_s: float = 0.0
    digests: dict[int, str | None] = Factory(dict)

    @property
    def count(self) -> int:
        """How many seeds have ended."""
        return self.passed + len(self.failed)

    @property
    def lowest(self) -> Verdict | None:
        """The failure with the lowest seed."""
        return min(self.failed, key=lambda each: each.seed, default=None)

    @property
    def per_s(self) -> float:
        """Seeds a second of real time."""
        return self.count / self.real_s if self.real_s else 0.0

    @property
    def per_cpu_s(self) -> float:
        """Seeds a second of one core."""
        return self.count / self.cpu_s if self.cpu_s else 0.0

    def add(self, verdict: Verdict) -> None:
        """Take in a run."""
        if verdict.violations:
            self.failed.append(verdict)
        else:
            self.passed += 1
        outcome = verdict.outcome
        self.digests[verdict.seed] = None if outcome is None else outcome.digest
        self.cpu_s += verdict.cpu_s
        if outcome is not None:
            self.events += outcome.events
            self.virtual_s += outcome.virtual_s


def search_seeds(  # noqa: PLR0913 - what may be asked for
    name: str,
    scenario: Scenario,
    *,
    first: int,
    count: int,
    jobs: int,
    limit_s: float = LIMIT_S,
    every: bool = False,
    tally: Tally | None = None,
    tell: Callable[[Tally], object] | None = None,
) -> Tally:
    """Run the seeds from `first` on; stop at the lowest that fails, or try `every` one.

    `tell` hears of the tally, which may be given and looked at while it grows, after each run.
    """
    tally = Tally() if tally is None else tally
    began_s = time.monotonic()

    def work_of(number: int) -> Work:
        return work(Task(scenario=name, seed=first + number), scenario)

    with Crew[int](jobs, limit_s) as crew:
        search = Search(count, every)
        preload(crew, name, scenario, first)
        for number, ended in pursue(crew, search, work_of, _is_failure):
            tally.add(judge(first + number, ended))
            tally.real_s = time.monotonic() - began_s
            if tell is not None:
                tell(tally)
    lowest = search.lowest
    if lowest is not None and not every:
        tally.failed = [each for each in tally.failed if each.seed == first + lowest]
    tally.failed.sort(key=lambda each: each.seed)
    return tally


def work(task: Task, scenario: Scenario) -> Work:
    """Return what a child does to perform a task and tell no more than what became of it."""

    def perform_it(tell: Tell) -> object:
        del tell
        return perform(task, scenario)

    return perform_it


def _is_failure(ended: Ended) -> bool:
    return bool(judge(0, ended).violations)


def preload(crew: Crew[int], name: str, scenario: Scenario, seed: int) -> None:
    """Import now what each run would import for itself: a child finds out what that is."""
    before = frozenset(sys.modules)

    def look(tell: Tell) -> list[str]:
        del tell
        perform(Task(scenario=name, seed=seed, until_s=_PRELOAD_S), scenario)
        return [each for each in sys.modules if each not in before]

    hosting.install()
    crew.start(-1, look)
    ended: list[tuple[int, Ended]] = []
    while not ended:
        _, ended = crew.wait()
    import_all(ended[0][1].value or ())


def import_all(names: Iterable[str]) -> None:
    """Import what can be imported of these."""
    for each in names:
        with contextlib.suppress(Exception):
            importlib.import_module(each)
