"""What became of a run that another process did: judged alike, whether it came to its end or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from herd.sim.explore.run import Outcome, Violation
from herd.sim.explore.task import RUN_ENDS, Done

if TYPE_CHECKING:
    from herd.sim.explore.children import Ended


@frozen
class Verdict:
    """A run that has ended, in whatever way: `outcome` is None if it raised, crashed or took too long.

    `real_s` is the time of the run itself, `cpu_s` that of its whole process.
    """

    seed: int
    outcome: Outcome | None
    violations: tuple[Violation, ...]
    undrawn: tuple[str, ...]
    real_s: float
    cpu_s: float

    @property
    def failed_checks(self) -> list[str]:
        """Names of the checks that failed, each once, in order."""
        return list(dict.fromkeys(each.check for each in self.violations))

    @property
    def digest(self) -> str | None:
        """The digest of its history; None if it did not come to its end."""
        return None if self.outcome is None else self.outcome.digest

    def as_json(self) -> dict[str, Any]:
        """Return what a program is told of it."""
        return {
            "seed": self.seed,
            "passed": not self.violations,
            "violations": [{"check": each.check, "text": each.text} for each in self.violations],
            "digest": self.digest,
        }


def judge(seed: int, ended: Ended) -> Verdict:
    """Return the verdict on a child that performed a task."""
    if ended.cause is None:
        done: Done = ended.value
        outcome = done.outcome
        return Verdict(seed, outcome, outcome.violations, done.undrawn, done.real_s, ended.cpu_s)
    failure = Violation(f"{RUN_ENDS}: {ended.cause}", ended.text)
    return Verdict(seed, None, (failure,), (), ended.real_s, ended.cpu_s)
