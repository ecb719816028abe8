"""`herd sim run`: one seed of a scenario, and a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from herd.cli.options import example, json_option, json_shape
from herd.cli.sim.common import (
    Override,
    PublicationType,
    check_writable,
    pin,
    prepare,
    scenario_argument,
    seconds_option,
    seed_option,
    set_option,
)

if TYPE_CHECKING:
    from herd.sim.explore.live import Publication
    from herd.sim.explore.task import Task
    from herd.sim.explore.verdict import Verdict
    from herd.sim.scenario import Scenario


_publish_option: Final = click.option(
    "--publish",
    "publications",
    metavar="HOST:PORT=LOCALPORT",
    type=PublicationType(),
    multiple=True,
    help="With --realtime: let LOCALPORT of this machine (0: any) lead to a simulated port. Repeatable.",
)
_tape_option: Final = click.option(
    "--tape",
    "tape_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write all draws, as JSON lines.",
)
_HELP: Final = """Run one seed of a scenario, and report.

The same seed gives the same history, to the byte: its digest says so. All chance comes from streams with
labels; --tape writes what was drawn, and --set changes a single decision and nothing else.

With --realtime people and programs can watch, and talk to published ports, until the scenario's end, or
--until, which may be later, or Ctrl-C. What they say is not in the seed: such a run cannot be repeated.

Exit status: 0 if every check passed; 1 if one failed; 2 if there is no such scenario;
130 after Ctrl-C.
"""

_JSON: Final = """one object:
  scenario, seed, passed, real_s
  violations    what checks said: objects with check and text
  digest        of the whole history; null if the run did not end
  checks, virtual_s, events, events_per_s, steps, faults, undrawn,
  figures       if it did: each check and whether it passed, ..., what
                the scenario tells besides
"""


@json_shape(_JSON)
@example(
    "herd sim run five-servers-under-partitions --seed 7",
    "herd sim run chat.py --seed 7 --until 30 --trace chat.trace",
    "herd sim run chat.py --seed 7 --set 'link north>counter#12=1.0'",
    "herd sim run five-servers-quiet --seed 1 --realtime --publish Alford:12480=12480",
)
@click.command(help=_HELP)
@scenario_argument
@seed_option
@seconds_option("--until", "until_s", text="Stop at this virtual time; the scenario's checks are left open.")
@click.option(
    "--trace", "trace_file", metavar="FILE", type=click.Path(path_type=Path), help="Write the history."
)
@_tape_option
@set_option
@click.option("--realtime", is_flag=True, help="At the pace of a real clock, until Ctrl-C or the end.")
@_publish_option
@json_option
def run(  # noqa: PLR0913 - options
    *,
    scenario: str,
    seed: int,
    until_s: float | None,
    trace_file: Path | None,
    tape_file: Path | None,
    overrides: tuple[Override, ...],
    realtime: bool,
    publications: tuple[Publication, ...],
    as_json: bool,
) -> None:
    """Run one seed of a scenario, and report."""
    if publications and not realtime:
        raise click.UsageError("--publish needs --realtime: virtual time does not wait for the real world")
    pin()
    found = prepare(scenario)
    check_writable(trace_file)
    check_writable(tape_file)
    from herd.sim.explore.task import Task

    task = Task(scenario=scenario, seed=seed, overrides=dict(overrides), until_s=until_s)
    files = {"trace_file": trace_file, "tape_file": tape_file}
    verdict = _live(task, found, publications, **files) if realtime else _alone(task, found, **files)
    _tell(task, verdict, trace_file, as_json=as_json, is_seed=not publications)
    raise click.exceptions.Exit(1 if verdict.violations else 0)


def _live(
    task: Task, found: Scenario, publications: tuple[Publication, ...], **files: Path | None
) -> Verdict:
    from herd.cli.sim.live import perform_live

    return perform_live(task, found, publications, **files)


def _alone(task: Task, found: Scenario, **files: Path | None) -> Verdict:
    from herd.cli.sim.single import perform_alone

    return perform_alone(task, found, **files)


def _tell(task: Task, verdict: Verdict, trace_file: Path | None, *, as_json: bool, is_seed: bool) -> None:
    """Report; `is_seed`: nothing came from outside, so that the seed gives the same again."""
    from herd.cli.sim import report

    if as_json:
        click.echo(json.dumps(report.as_json(task, verdict), ensure_ascii=False, default=repr))
        return
    report.print_report(task, verdict)
    if verdict.violations and is_seed:
        report.print_what_next(task, trace=None if trace_file is None else str(trace_file))
