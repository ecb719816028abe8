"""The report of a run: for a person, and for a program."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.text import Text

from herd.cli.sim.common import command_of
from herd.sim.explore.run import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from herd.sim.explore.task import Task
    from herd.sim.explore.verdict import Verdict

PIPE_COLUMNS: Final = 120
_STICKY: Final = "\N{NO-BREAK SPACE}"
_SENTENCES: Final = 5
"""Of one check; the rest is counted."""


def show(text: Text | str = "") -> None:
    """Print lines, in color on a terminal, and broken nowhere but where they say."""
    Console(highlight=False, soft_wrap=True, markup=False).print(text, soft_wrap=True)


def as_json(task: Task, verdict: Verdict) -> dict[str, Any]:
    """Return what `--json` prints of a run."""
    outcome = verdict.outcome
    told: dict[str, Any] = {"scenario": task.scenario, **verdict.as_json()}
    told["real_s"] = round(verdict.real_s, 3)
    if outcome is None:
        return told
    failed = verdict.failed_checks
    return {
        **told,
        "checks": {name: name not in failed for name in outcome.checked},
        "virtual_s": outcome.virtual_s,
        "events": outcome.events,
        "events_per_s": round(outcome.events / verdict.real_s) if verdict.real_s else None,
        "steps": len(outcome.steps),
        "faults": sum(step.for_s is not None for step in outcome.steps),
        "undrawn": list(verdict.undrawn),
        "figures": outcome.figures,
    }


def print_report(task: Task, verdict: Verdict) -> None:
    """Print what became of a run; what it ran into comes last, where a reader's eyes are."""
    print_title(task, verdict)
    outcome = verdict.outcome
    if outcome is not None:
        show(_pace(verdict))
        if outcome.figures:
            show()
            for line in _figures(outcome.figures):
                show(line)
    show()
    print_checks(task, verdict)
    if outcome is not None:
        show(f"\ndigest {outcome.digest}")
    for text in verdict.undrawn:
        show(Text(f"--set changed nothing: {text}", "yellow"))


def print_what_next(task: Task, *, trace: str | None = None) -> None:
    """Print how to see a failure again, and how to make it small."""
    look = command_of("run", task, "--trace", "failure.trace") if trace is None else f"herd sim trace {trace}"
    show(f"\nTo look into it:   {look}")
    show(f"To make it small:  {command_of('shrink', task)}")


def print_title(task: Task, verdict: Verdict) -> None:
    """Print what was run, and whether it passed."""
    title = Text(f"{task.scenario}, seed {task.seed}: ", "bold")
    show(title.append("failed", "bold red") if verdict.violations else title.append("passed", "bold green"))


def _pace(verdict: Verdict) -> str:
    outcome = verdict.outcome
    assert outcome is not None
    real_s = verdict.real_s or 1e-9
    faults = sum(step.for_s is not None for step in outcome.steps)
    return (
        f"{outcome.virtual_s:.1f} virtual seconds in {real_s:.2f} s, "
        f"{outcome.virtual_s / real_s:,.0f} times as fast\n"
        f"{counted(outcome.events, 'event')}, {outcome.events / real_s:,.0f} a second; "
        f"{counted(len(outcome.steps), 'step')}, {counted(faults, 'fault')} among them"
    )


def _figures(figures: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of what a scenario tells: names at the left, values broken where they are long."""
    width = max(map(len, figures))
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_COLUMNS
    for name, value in figures.items():
        text = f"{name:<{width}}  {_figure(value)}"
        # A name and its number stay on one line: between them is no space that ends a line.
        for line in textwrap.wrap(text, columns, subsequent_indent=" " * (width + 2), break_on_hyphens=False):
            yield line.replace(_STICKY, " ")


def _figure(value: Any) -> str:
    """Return a figure as text: a mapping as its names and numbers, counts from the greatest down."""
    if isinstance(value, dict):
        pairs = list(value.items())
        if pairs and all(isinstance(each, int) for _, each in pairs):
            pairs.sort(key=lambda pair: -pair[1])
        return "  ".join(f"{name} {_figure(each)}".replace(" ", _STICKY) for name, each in pairs)
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(map(_figure, value))
    return str(value)


def print_checks(task: Task, verdict: Verdict) -> None:
    """Print the checks, those that failed with the sentences that they said."""
    outcome = verdict.outcome
    failed = verdict.failed_checks
    for name in outcome.checked if outcome is not None else ():
        if name not in failed:
            show(Text("passed  ", "green").append(name, ""))
    for name in failed:
        show(Text("FAILED  ", "bold red").append(name, "bold"))
        texts = [each.text for each in verdict.violations if each.check == name]
        for line in _sentences(texts):
            show(textwrap.indent(line, " " * 10))
    if outcome is not None and not set(outcome.checked) - {PROBLEMS} and task.until_s is not None:
        show(Text("open    ", "yellow").append("the scenario's checks: it was not run to its end", ""))


def _sentences(texts: list[str]) -> Iterator[str]:
    yield from texts[:_SENTENCES]
    if len(texts) > _SENTENCES:
        yield f"and {len(texts) - _SENTENCES} more (--json has all)"


def counted(count: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
