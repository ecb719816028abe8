"""`herd sim check`: whether one seed is one history, in every process."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from herd.cli.options import example, json_option, json_shape
from herd.cli.sim.common import limit_option, scenario_argument

if TYPE_CHECKING:
    from herd.cli.sim.fresh import Difference, Process
    from herd.sim.explore.compare import Parting


_JSON: Final = """one object:
  scenario, first, count, same
  processes   python, hash_seed and pure (nothing compiled) of each
  difference  null, or seed, processes (two numbers), failed (the
              checks that failed in each), event, before, left, right:
              the first event that differs, and the lines before it;
              these are null if only the checks differ
"""


@json_shape(_JSON)
@example(
    "herd sim check chat.py --seed 7",
    "herd sim check five-servers-under-partitions --count 20 --python ~/herd-3.13/bin/python",
)
@click.command()
@scenario_argument
@click.option(
    "--seed", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="The first."
)
@click.option(
    "--count", metavar="N", type=click.IntRange(min=1), default=1, show_default=True, help="How many."
)
@click.option(
    "--python",
    "pythons",
    metavar="PATH",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="Another interpreter that has herd, to compare with; may be repeated.",
)
@limit_option
@json_option
def check(  # noqa: PLR0913 - options
    *, scenario: str, seed: int, count: int, pythons: tuple[Path, ...], limit_s: float, as_json: bool
) -> None:
    """See whether a seed is one history in every process.

    Runs seeds in fresh processes with different hash seeds and time zones, one of them with nothing compiled,
    and compares the histories, and what checks say. What differs is most often a set that is walked: its
    order comes from hashes or addresses. The first event that differs is shown, after those before it.

    Exit status: 0 if all histories are the same; 1 if one differs; 2 if an interpreter cannot run it.
    """
    from herd.cli.sim.fresh import compare, processes
    from herd.sim.scenario import ScenarioError, load_module

    try:
        load_module(scenario)
    except ScenarioError as error:
        raise click.UsageError(str(error)) from error
    found = processes(pythons)
    with tempfile.TemporaryDirectory(prefix="herd-sim-") as directory:
        difference = compare(found, scenario, seed, count, limit_s=limit_s, directory=Path(directory))
    if as_json:
        told = {"scenario": scenario, "first": seed, "count": count, **_as_json(found, difference)}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(found, seed, count, difference)
    raise click.exceptions.Exit(0 if difference is None else 1)


def _as_json(found: list[Process], difference: Difference | None) -> dict[str, Any]:
    return {
        "same": difference is None,
        "processes": [_process_as_json(each) for each in found],
        "difference": difference
        and {
            "seed": difference.seed,
            "processes": [found.index(difference.left), found.index(difference.right)],
            "failed": difference.failed,
            **_parting_as_json(difference.parting),
        },
    }


def _parting_as_json(parting: Parting | None) -> dict[str, Any]:
    if parting is None:
        return dict.fromkeys(("event", "before", "left", "right"))
    return {
        "event": parting.number,
        "before": parting.before,
        "left": parting.left,
        "right": parting.right,
    }


def _process_as_json(process: Process) -> dict[str, Any]:
    return {"python": process.python, "hash_seed": process.hash_seed, "pure": process.is_pure}


def _print(found: list[Process], seed: int, count: int, difference: Difference | None) -> None:
    which = f"seed {seed}" if count == 1 else f"seeds {seed} to {seed + count - 1}"
    names = ", ".join(map(str, found))
    if difference is None:
        click.echo(f"{which}: the same history in {len(found)} processes ({names}).")
        return
    left, right, parting = difference.left, difference.right, difference.parting
    if parting is None:
        click.echo(
            f"seed {difference.seed}: the same history under {left} and {right}, but not to the checks:\n"
        )
        for name, failed in zip(_names(left, right), difference.failed, strict=True):
            click.echo(f"{name}: {'fails ' + ', '.join(failed) if failed else 'passed'}")
        return
    click.echo(
        f"seed {difference.seed}: not the same history under {left} and {right}.\n"
        f"Event {parting.number} is the first that differs:\n"
    )
    click.echo("\n".join(parting.lines(*_names(left, right))))


def _names(left: Process, right: Process) -> tuple[str, str]:
    if left.python == right.python:
        return f"hash seed {left.hash_seed}", f"hash seed {right.hash_seed}"
    return str(left), str(right)
