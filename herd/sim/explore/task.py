"""A task: one run as data, whole enough to be done in another process, or from the header of a trace."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from attrs import Factory, frozen

from herd.sim.engine.chance import Tape
from herd.sim.explore import tapes
from herd.sim.explore.run import Outcome, Run
from herd.sim.explore.writing import StepsError, classes, python, read_step
from herd.sim.scenario import Scenario, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

RUN_ENDS: Final = "the run ends"
"""The check that every run has: nothing of the simulation itself raises, crashes, or takes too long."""


class HeaderError(ValueError):
    """A header that names no run; one line that says why, and what to do."""


@frozen(kw_only=True)
class Task:
    """What is to be run: a scenario's name (or its file), and what is not as the seed would have it."""

    scenario: str
    seed: int
    steps: tuple[Step, ...] | None = None
    """The steps; None for those that the plan draws."""
    overrides: dict[tuple[str, int], int] = Factory(dict)
    """Draws that have another value: label and number of the draw, and its 64 bits."""
    until_s: float | None = None
    """Where to stop in virtual time; None for the end."""


@frozen
class Done:
    """What became of a task: its outcome, and what a process can tell besides.

    `real_s` is what the run took, without what had to be imported and built for it.
    """

    outcome: Outcome
    real_s: float
    undrawn: tuple[str, ...] = ()
    """Overrides that nothing ever drew, in words."""


def header(task: Task, version: str) -> dict[str, Any]:
    """Return what the header of a trace says of a run: all that is needed to run it again."""
    told: dict[str, Any] = {"scenario": task.scenario, "seed": task.seed, "herd": version}
    if task.steps is not None:
        told["steps"] = [python(step) for step in task.steps]
        told["classes"] = classes(task.steps)
    if task.overrides:
        told["set"] = {tapes.place(*key): f"{value:#x}" for key, value in task.overrides.items()}
    if task.until_s is not None:
        told["until_s"] = task.until_s
    return told


def from_header(told: Mapping[str, Any], scenario: str | None = None) -> Task:
    """Return the run that a header names; `scenario` stands in for the one that it has.

    The scenario has to be loaded by then if there are steps. A `HeaderError` for a header of something else.
    """
    name = scenario or told.get("scenario")
    seed = told.get("seed")
    if not isinstance(name, str) or not isinstance(seed, int):
        raise HeaderError(
            "its header names no scenario and seed: it was not written by `herd sim run --trace`"
        )
    try:
        texts = told.get("steps")
        steps = None if texts is None else tuple(read_step(text, told.get("classes", {})) for text in texts)
        overrides = dict(
            tapes.read_override(f"{place}={value}") for place, value in told.get("set", {}).items()
        )
    except (StepsError, tapes.TapeError) as error:
        raise HeaderError(f"its header cannot be read: {error}") from error
    return Task(scenario=name, seed=seed, steps=steps, overrides=overrides, until_s=told.get("until_s"))


def perform(  # noqa: PLR0913 - what may be written besides
    task: Task,
    scenario: Scenario,
    *,
    trace_file: Path | None = None,
    tape_file: Path | None = None,
    version: str = "",
    tell: Callable[[float, float, int], object] | None = None,
) -> Done:
    """Run a task in this process; `tell` hears of the virtual time, its end and the number of events.

    With `trace_file` it writes a trace, with `tape_file` all draws as JSON lines.
    """
    with prepared(task, scenario, trace_file=trace_file, tape_file=tape_file, version=version) as (run, tape):
        end_s = run.end_s if task.until_s is None else min(run.end_s, task.until_s)
        told = None if tell is None else lambda now_s: tell(now_s, end_s, run.simulation.events)
        began_s = time.perf_counter()
        outcome = run.run(task.until_s, told)
        real_s = time.perf_counter() - began_s
    return Done(outcome, real_s, undrawn(task, tape))


@contextmanager
def prepared(
    task: Task,
    scenario: Scenario,
    *,
    trace_file: Path | None = None,
    tape_file: Path | None = None,
    version: str = "",
) -> Iterator[tuple[Run, Tape | None]]:
    """Give a task's run, ready to be run, and its tape if it has one; write the files to the end."""
    tape = Tape(dict(task.overrides), []) if task.overrides or tape_file is not None else None
    file = None if trace_file is None else trace_file.open("wb")
    try:
        yield (
            Run(scenario, task.seed, steps=task.steps, tape=tape, file=file, header=header(task, version)),
            tape,
        )
    finally:
        if file is not None:
            file.close()
        if tape is not None and tape_file is not None:
            tapes.write(tape_file, tape.record or [])


def undrawn(task: Task, tape: Tape | None) -> tuple[str, ...]:
    """Return what is to be said of overrides that nothing drew."""
    return () if tape is None else tuple(tapes.undrawn(task.overrides, tape.record or []))
