"""One measurement: a load's processes are started together, followed while they work, and ended together."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Final

from attrs import define, frozen
from loading.crew import Helper, generate, observe
from loading.generator import Outcome, Sample
from loading.observation import Observation, Observed
from loading.plan import Plan
from loading.processors import cpu_seconds
from loading.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRESS_S: Final = 1.0
_LOOK_S: Final = 0.2


@frozen(kw_only=True)
class Measured:
    """All that came of a load; `servers_cpu_s`: None where the servers are not on this machine."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    timeline: Timeline
    servers_cpu_s: float | None
    observed: Observed | None
    has_ended_early: bool


@define
class Interrupt:
    """Whether Ctrl-C was pressed."""

    is_pressed: bool = False


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Take Ctrl-C as a wish to end early; a second one ends at once."""
    interrupt = Interrupt()

    def press(*_: object) -> None:
        if interrupt.is_pressed:
            raise KeyboardInterrupt
        interrupt.is_pressed = True

    before = signal.signal(signal.SIGINT, press)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)


def measure(
    plan: Plan, offset_ns: int, pids: tuple[int, ...] = (), observation: Observation | None = None
) -> Measured:
    """Put the load, and return all that came of it."""
    with ExitStack() as stack:
        observer = None
        if observation is not None:
            observer = stack.enter_context(Helper(observe, observation))
            observer.hear()
        helpers = [
            stack.enter_context(Helper(generate, plan, process, offset_ns))
            for process in range(plan.processes)
        ]
        for helper in helpers:
            helper.hear()
        interrupt = stack.enter_context(interruptible())
        before_s = cpu_seconds(pids)
        for helper in helpers:
            helper.tell(None)
        outcomes, timeline = _follow(plan, helpers, interrupt)
        observed = None
        if observer is not None:
            observer.tell(sum(each.iamat for each in outcomes))
            observed = observer.hear()
        return Measured(
            plan=plan,
            outcomes=outcomes,
            timeline=timeline,
            servers_cpu_s=cpu_seconds(pids) - before_s if pids else None,
            observed=observed,
            has_ended_early=interrupt.is_pressed,
        )


def _follow(plan: Plan, helpers: list[Helper], interrupt: Interrupt) -> tuple[tuple[Outcome, ...], Timeline]:
    """Hear the generators to their end, show their progress, and pass Ctrl-C on."""
    timeline = Timeline(plan.processes)
    progress = Progress(plan, timeline)
    outcomes: dict[int, Outcome] = {}
    is_told = False
    while len(outcomes) < len(helpers):
        working = [process for process in range(len(helpers)) if process not in outcomes]
        ready = wait([helpers[process].pipe for process in working], _LOOK_S)
        for process in working:
            if helpers[process].pipe not in ready:
                continue
            said: Any = helpers[process].hear()
            if isinstance(said, Sample):
                timeline.add(process, said)
            else:
                outcomes[process] = said
        progress.show()
        if interrupt.is_pressed and not is_told:
            is_told = True
            print("ending early", file=sys.stderr)
            for helper in helpers:
                helper.tell(None)
    return tuple(outcomes[process] for process in range(len(helpers))), timeline


class Progress:
    """A line on standard error once a second."""

    def __init__(self, plan: Plan, timeline: Timeline) -> None:
        self._plan = plan
        self._timeline = timeline
        self._next_s = time.monotonic() + PROGRESS_S
        self._before = (0.0, 0)

    def show(self) -> None:
        """Show how it goes, if it is time."""
        if time.monotonic() < self._next_s:
            return
        self._next_s += PROGRESS_S
        at_s, answered, failed, p99_ms = self._timeline.now
        before_s, before = self._before
        if at_s > before_s:
            self._before = at_s, answered
            per_s = (answered - before) / (at_s - before_s)
            print(
                f"{at_s:6.1f} of {self._plan.seconds:g} s  {per_s:9,.0f} answers/s  "
                f"p99 {p99_ms:8.2f} ms  {failed:,} errors",
                file=sys.stderr,
                flush=True,
            )
