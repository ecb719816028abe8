"""`herd sim shrink`: a failing history made small, and written as a test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

import herd
from herd.cli.options import example, json_option, json_shape
from herd.cli.sim.common import (
    Override,
    check_writable,
    jobs_option,
    limit_option,
    pin,
    prepare,
    scenario_argument,
    seed_option,
    set_option,
    workers,
)

if TYPE_CHECKING:
    from herd.sim.explore.shrink import Shrinking
    from herd.sim.explore.task import Task
    from herd.sim.scenario import Scenario


_attempts_option: Final = click.option(
    "--attempts",
    metavar="N",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="Stop after so many runs, with the smallest found by then.",
)
_HELP: Final = """Make a failing history small, and print it as a test.

Faults and work are steps. It leaves steps out, begins what is left sooner, shortens faults and simplifies
what they are given, as long as the same check fails, until nothing gets smaller. The result does not
depend on how many runs go on at a time. The test uses the fixture `simulate` of `herd.sim.testing`.
Ctrl-C ends it with the smallest found so far.

Exit status: 0 if there is a small history; 1 if no check fails, so that there is nothing to shrink.
"""

_JSON: Final = """one object:
  scenario, seed, check     what fails
  before, steps             steps at first, and those that are left, each
                            as Python
  attempts, whole, real_s   runs; whether nothing gets smaller any more;
                            what it took
  violations, digest        of the small history
  python                    the test
"""


@json_shape(_JSON)
@example(
    "herd sim shrink five-servers-under-partitions --seed 37",
    "herd sim shrink chat.py --seed 37 --out test_chat_37.py --trace small.trace",
)
@click.command(help=_HELP)
@scenario_argument
@seed_option
@click.option("--check", metavar="NAME", help="Keep this check failing. Without it: the first that fails.")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write the test there.")
@click.option(
    "--trace", "trace_file", metavar="FILE", type=click.Path(path_type=Path), help="Write the small history."
)
@_attempts_option
@jobs_option
@limit_option
@set_option
@json_option
def shrink(  # noqa: PLR0913 - options
    *,
    scenario: str,
    seed: int,
    check: str | None,
    out: Path | None,
    trace_file: Path | None,
    attempts: int,
    jobs: int | None,
    limit_s: float,
    overrides: tuple[Override, ...],
    as_json: bool,
) -> None:
    """Make a failing history small, and print it as a test."""
    pin()
    found = prepare(scenario)
    check_writable(out)
    check_writable(trace_file)
    from herd.sim.explore.pasted import as_test
    from herd.sim.explore.task import Task

    task = Task(scenario=scenario, seed=seed, overrides=dict(overrides))
    shrinking = _shrink(task, found, check=check, jobs=workers(jobs), limit_s=limit_s, attempts=attempts)
    text = as_test(scenario, seed, shrinking.steps, _sentences(shrinking))
    if out is not None:
        out.write_text(text, encoding="utf-8")
    if trace_file is not None:
        _write_trace(task, found, shrinking, trace_file)
    if as_json:
        click.echo(json.dumps(_as_json(task, shrinking, text), ensure_ascii=False))
        return
    _print(shrinking, text, out, trace_file)


def _shrink(task: Task, scenario: Scenario, **how: Any) -> Shrinking:
    from herd.cli.sim.progress import showing
    from herd.core.errors import HerdError
    from herd.sim.explore.shrink import NothingToShrinkError, shrink

    latest: list[Shrinking] = []
    with showing("shrinking", " attempts") as show:

        def tell(state: Shrinking) -> None:
            latest[:] = [state]
            show(state.attempts, None, f"{len(state.before)} steps, now {len(state.steps)}")

        try:
            return shrink(task, scenario, tell=tell, **how)
        except NothingToShrinkError as error:
            raise HerdError(str(error)) from error
        except KeyboardInterrupt:
            if not latest:
                raise
            return latest[0]


def _write_trace(task: Task, scenario: Scenario, shrinking: Shrinking, file: Path) -> None:
    from attrs import evolve

    from herd.cli.sim.single import perform_alone

    perform_alone(evolve(task, steps=shrinking.steps), scenario, trace_file=file)


def _sentences(shrinking: Shrinking) -> list[str]:
    return [each.text for each in shrinking.verdict.violations if each.check == shrinking.check]


def _as_json(task: Task, shrinking: Shrinking, text: str) -> dict[str, Any]:
    from herd.sim.explore.writing import python

    told = shrinking.verdict.as_json()
    return {
        "scenario": task.scenario,
        "seed": task.seed,
        "herd": herd.__version__,
        "check": shrinking.check,
        "before": len(shrinking.before),
        "steps": [python(step) for step in shrinking.steps],
        "attempts": shrinking.attempts,
        "whole": shrinking.whole,
        "real_s": round(shrinking.real_s, 3),
        "violations": told["violations"],
        "digest": told["digest"],
        "python": text,
    }


def _print(shrinking: Shrinking, text: str, out: Path | None, trace_file: Path | None) -> None:
    ended = "nothing in it can go" if shrinking.whole else "more could go: it was not finished"
    click.echo(
        f"{len(shrinking.before)} steps made {len(shrinking.steps)} in {shrinking.attempts} runs, "
        f"{shrinking.real_s:.1f} s; {ended}.",
        err=True,
    )
    click.echo(f"fails: {shrinking.check}\n", err=True)
    click.echo(text, nl=False)
    if out is not None:
        click.echo(f"\nwritten to {out}", err=True)
    if trace_file is not None:
        click.echo(f"\nlook at it with: herd sim trace {trace_file}", err=True)
