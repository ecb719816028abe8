"""One run of a scenario: build, do what the plan says, settle, look, judge."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import Factory, frozen

from herd.sim.engine import trace as kinds
from herd.sim.engine.chance import Chance, Tape
from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.hosting import hosting
from herd.sim.engine.simulation import Problem, Simulation
from herd.sim.engine.trace import NOBODY, Trace
from herd.sim.scenario import Check, Scenario, Step

if TYPE_CHECKING:
    from typing import BinaryIO

PROBLEMS = "no problems"
"""The check that every scenario has: no program logs a failure that it does not handle."""

_SLICE_S = 1.0
"""Virtual time between two signs of progress."""


@frozen
class Violation:
    """A check that failed, and why, in a sentence."""

    check: str
    text: str


@frozen
class Outcome:
    """What became of a run."""

    seed: int
    steps: Sequence[Step]
    violations: tuple[Violation, ...]
    events: int
    virtual_s: float
    digest: str
    figures: dict[str, Any] = Factory(dict)
    checked: tuple[str, ...] = ()
    """Names of the checks that were made: those of the scenario only if it was run to its end."""

    @property
    def failed_checks(self) -> list[str]:
        """Names of the checks that failed, each once, in order."""
        return list(dict.fromkeys(each.check for each in self.violations))


class Run:
    """A scenario with one seed, ready to be run."""

    def __init__(  # noqa: PLR0913 - what may be asked for
        self,
        scenario: Scenario,
        seed: int,
        *,
        steps: Sequence[Step] | None = None,
        tape: Tape | None = None,
        file: BinaryIO | None = None,
        header: dict[str, Any] | None = None,
    ) -> None:
        self.scenario = scenario
        self.seed = seed
        self.steps = plan(scenario, seed, tape) if steps is None else list(steps)
        self.trace = Trace(file, header or {"seed": seed})
        self.simulation = Simulation(seed, profile=scenario.network, trace=self.trace, tape=tape)
        try:
            self.simulation.scene = scenario.build(self.simulation)
        except BaseException:
            self.close()
            raise
        faults = [step for step in self.steps if step.for_s is not None]
        self.simulation.calm_ns = round(max((each.until_s for each in faults), default=0.0) * NS_PER_S)
        for step in self.steps:
            self.simulation.at(step.at_s, self._begin, step)
        self.end_s = max([scenario.duration_s, *(step.until_s + scenario.settle_s for step in self.steps)])

    def run(self, until_s: float | None = None, tell: Callable[[float], object] | None = None) -> Outcome:
        """Run it, to the end or until a virtual time; `tell` hears of the virtual time now and then."""
        whole = until_s is None or until_s >= self.end_s
        with hosting():  # once, and not for every slice; garbage of programs must not go outside of it
            try:
                until_s = self.end_s if until_s is None else min(until_s, self.end_s)
                self._advance(until_s, tell, self.scenario.has_settled)
                if whole and self.look():
                    end_s = self.simulation.now_ns / NS_PER_S + self.scenario.last_look_s
                    self._advance(end_s, tell, self.scenario.has_answered)
                return self.outcome(whole=whole)
            finally:
                self.close()

    def look(self) -> bool:
        """Have the scenario ask what its checks want to know; tell whether it needs time to be answered."""
        if self.scenario.finish is None or self.simulation.problems:
            return False
        self.scenario.finish(self.simulation)
        return True

    def outcome(self, *, whole: bool) -> Outcome:
        """Judge what there is; the scenario's checks only look at a `whole` run."""
        simulation = self.simulation
        simulation.find_unhandled()
        checks = dict(self.scenario.checks) if whole else {}
        return Outcome(
            self.seed,
            self.steps,
            self._judge(checks),
            simulation.events,
            simulation.now_ns / NS_PER_S,
            self.trace.digest(),
            dict(self.scenario.figures(simulation)),
            (*([] if self.scenario.allows_problems and not self._problems() else [PROBLEMS]), *checks),
        )

    def close(self) -> None:
        """End the trace, and let go of everything."""
        self.trace.close()
        self.simulation.close()

    def _advance(
        self,
        until_s: float,
        tell: Callable[[float], object] | None,
        is_enough: Callable[[Simulation], bool] | None,
    ) -> None:
        """Let time pass until a moment, or until the steps are over and it is enough."""
        simulation = self.simulation
        steps_s = max((step.until_s for step in self.steps), default=0.0)
        while simulation.now_ns < round(until_s * NS_PER_S):
            now_s = simulation.now_ns / NS_PER_S
            simulation.run(min(until_s, now_s + _SLICE_S))
            if simulation.was_stopped:
                return
            if tell is not None:
                tell(simulation.now_ns / NS_PER_S)
            if is_enough is not None and now_s >= steps_s and is_enough(simulation):
                return

    def _begin(self, step: Step) -> None:
        kind = kinds.STEP if step.for_s is None else kinds.FAULT
        self.simulation.record(kind, NOBODY, NOBODY, 0, 0, repr(step.action).encode())
        step.action.begin(self.simulation)
        if step.for_s is not None:
            self.simulation.after(step.for_s, self._end, step)

    def _end(self, step: Step) -> None:
        self.simulation.record(kinds.HEAL, NOBODY, NOBODY, 0, 0, repr(step.action).encode())
        step.action.end(self.simulation)

    def _problems(self) -> list[Problem]:
        """Return what no program may do: an escape never, for the run went no further."""
        allows = self.scenario.allows_problems
        return [each for each in self.simulation.problems if each.is_escape or not allows]

    def _judge(self, checks: Mapping[str, Check]) -> tuple[Violation, ...]:
        found = [Violation(PROBLEMS, _in_words(each)) for each in self._problems()]
        for name, check in checks.items():
            found += [Violation(name, text) for text in _said(check, self.simulation)]
        return tuple(found)


def plan(scenario: Scenario, seed: int, tape: Tape | None = None) -> list[Step]:
    """Draw the steps of a scenario, in the order of time."""
    return sorted(scenario.plan(Chance(seed, tape)), key=lambda step: step.at_s)


def _said(check: Check, simulation: Simulation) -> Sequence[str]:
    """Return the sentences of a check: a text is one, and so is what it raises."""
    try:
        said: Any = check(simulation)
        if said is None:
            return [
                "the check returned None: let it return a sentence for each violation, [] if there is none"
            ]
        sentences = [said] if isinstance(said, str) else said
        return [each if isinstance(each, str) else repr(each) for each in sentences]
    except Exception as error:  # noqa: BLE001 - an assertion, most likely: the other checks have their say
        last = traceback.extract_tb(error.__traceback__)[-1]
        told = "".join(traceback.format_exception_only(error)).strip()
        return [f"{told} ({last.filename}:{last.lineno})"]


def _in_words(problem: Problem) -> str:
    return f"at {problem.time_ns / NS_PER_S:.6f} s {problem.host}: {problem.text}"
