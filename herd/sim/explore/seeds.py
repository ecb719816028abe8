"""Many seeds of one scenario, as fast as the machine can: so many processes at once, and many runs of each.

One seed is one history, whatever its process has run before. That is not taken on trust: a run that failed,
and the last one of each process, is run again by a fresh process, and must have the same history there.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from typing import TYPE_CHECKING, Final

from attrs import Factory, define, evolve

from herd.sim.engine import hosting
from herd.sim.explore.crew import LIMIT_S, Crew
from herd.sim.explore.pool import TURNS, Pool, Try
from herd.sim.explore.run import Violation
from herd.sim.explore.search import Search
from herd.sim.explore.task import Task, perform
from herd.sim.explore.verdict import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from herd.sim.explore.children import Ended, Tell, Work
    from herd.sim.scenario import Scenario


ONE_HISTORY: Final = "one seed, one history"
"""The check that a run has the same history in a process of its own as after others."""

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
        self.digests[verdict.seed] = verdict.digest
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
    turns: int = TURNS,
    tally: Tally | None = None,
    tell: Callable[[Tally], object] | None = None,
) -> Tally:
    """Run the seeds from `first` on; stop at the lowest that fails, or try `every` one.

    A process runs `turns` of them. `tell` hears of the tally after each run; it may be given, and looked at
    while it grows.
    """
    tally = Tally() if tally is None else tally
    began_s = time.monotonic()

    def work_of(number: int) -> Work:
        return work(Task(scenario=name, seed=first + number), scenario)

    with Crew[int](jobs, limit_s) as crew:
        search = Search(count, every)
        preload(crew, name, scenario, first)
        for verdict in _pursue(Pool(crew, work_of, turns), search, first):
            tally.add(verdict)
            tally.real_s = time.monotonic() - began_s
            if tell is not None:
                tell(tally)
    lowest = search.lowest
    if lowest is not None and not every:
        tally.failed = [each for each in tally.failed if each.seed == first + lowest]
    tally.failed.sort(key=lambda each: each.seed)
    return tally


def _pursue(pool: Pool, search: Search, first: int) -> Iterator[Verdict]:
    """Carry out a search of seeds; yield the verdict on each, as it is certain."""
    doubted: dict[int, tuple[Verdict, int]] = {}
    while not search.over:
        while pool.has_room and (number := search.next()) is not None:
            pool.start(number)
        for each, judged in _judged(pool, search, first):
            number, verdict = each.number, judged
            if each.before and (verdict.violations or each.is_last):
                doubted[number] = verdict, each.before
                if verdict.violations:  # it is a failure, whatever its other history will be
                    search.fails(number)
                pool.start_afresh(number)
                continue
            if number in doubted:
                verdict = _confirmed(*doubted.pop(number), verdict)
            search.done(number, failed=bool(verdict.violations))
            yield verdict
        for number in search.surplus():
            pool.drop(number)
            search.dropped(number)


def _judged(pool: Pool, search: Search, first: int) -> list[tuple[Try, Verdict]]:
    """Wait a moment; return the tries that have ended. One whose process gets no other is its last, too."""
    judged = [(each, judge(first + each.number, each.ended)) for each in pool.wait()]
    fails = any(verdict.violations for _, verdict in judged)
    left = 0 if fails and not search.every else search.left
    told = []
    for each, verdict in judged:
        told.append((evolve(each, is_last=each.is_last or left <= 0), verdict))
        left -= not each.is_last
    return told


def _confirmed(after: Verdict, before: int, alone: Verdict) -> Verdict:
    """Return the verdict on a run that was done twice: after others, and by a process of its own."""
    cpu_s = after.cpu_s + alone.cpu_s
    if after.digest == alone.digest and after.failed_checks == alone.failed_checks:
        return evolve(alone, cpu_s=cpu_s)
    text = (
        f"its history after {before} other runs in one process ({_told(after)}) is not the one that it has "
        f"alone ({_told(alone)}): something outlives a run; --turns 1 gives each a process of its own"
    )
    violations = (*alone.violations, Violation(ONE_HISTORY, text))
    return evolve(alone, violations=violations, cpu_s=cpu_s)


def _told(verdict: Verdict) -> str:
    failed = ", ".join(verdict.failed_checks)
    return f"digest {verdict.digest}, " + (f"fails {failed}" if failed else "passed")


def work(task: Task, scenario: Scenario) -> Work:
    """Return what a child does to perform a task and tell no more than what became of it."""

    def perform_it(tell: Tell) -> object:
        del tell
        return perform(task, scenario)

    return perform_it


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
