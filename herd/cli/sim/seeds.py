"""`herd sim seeds`: many seeds on all cores, and the lowest that fails."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from herd.cli.options import example, json_option, json_shape
from herd.cli.sim.common import (
    check_writable,
    jobs_option,
    limit_option,
    pin,
    prepare,
    scenario_argument,
    workers,
)

if TYPE_CHECKING:
    from herd.sim.explore.seeds import Tally
    from herd.sim.scenario import Scenario


_digests_option: Final = click.option(
    "--digests",
    "digests_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write seed and digest of each run, as JSON lines.",
)
_turns_option: Final = click.option(
    "--turns",
    metavar="N",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Seeds that a process runs. 1: each has a process of its own.",
)
_HELP: Final = """Run many seeds of a scenario until one fails.

Seeds start in order. When one fails no greater one starts, and smaller ones that are still running are
awaited: so the seed that is reported is the lowest that fails, however many run at a time. A run that
crashes, or takes too long, has failed too. Ctrl-C ends all runs and reports what was found until then.

A process runs many seeds, one after another. A run that fails, and the last one of each process, is done
again by a fresh process: if its history is another one there, that is a failure too.

Exit status: 0 if all passed; 1 if one failed; 130 after Ctrl-C.
"""

_JSON: Final = """one object:
  scenario, first, count    what was asked for
  tried, passed             how many have ended, and passed
  interrupted               whether Ctrl-C came before the end
  failed                    the lowest seed that fails, with --all each:
                            objects with seed, violations, digest
  real_s, cpu_s, per_s, per_cpu_s, events, virtual_s
                            what it took, seeds a second, seeds a second
                            of one core, and totals
"""


@json_shape(_JSON)
@example(
    "herd sim seeds five-servers-under-partitions --count 1000",
    "herd sim seeds chat.py --first 1000 --count 500 --all --json | jq .failed[].seed",
)
@click.command(help=_HELP)
@scenario_argument
@click.option(
    "--count", metavar="N", type=click.IntRange(min=1), default=100, show_default=True, help="How many."
)
@click.option(
    "--first", metavar="N", type=click.IntRange(min=0), default=0, show_default=True, help="From here."
)
@jobs_option
@limit_option
@_turns_option
@click.option("--all", "every", is_flag=True, help="Go on after a failure, and report all.")
@_digests_option
@json_option
def seeds(  # noqa: PLR0913 - options
    *,
    scenario: str,
    count: int,
    first: int,
    jobs: int | None,
    limit_s: float,
    turns: int,
    every: bool,
    digests_file: Path | None,
    as_json: bool,
) -> None:
    """Run many seeds of a scenario until one fails."""
    pin()
    found = prepare(scenario)
    check_writable(digests_file)
    from herd.sim.explore.seeds import Tally

    tally = Tally()
    jobs = workers(jobs)
    how = {"first": first, "count": count, "jobs": jobs, "limit_s": limit_s, "turns": turns, "every": every}
    interrupted = not _search(scenario, found, tally, digests_file, **how)
    if as_json:
        asked = {"scenario": scenario, "first": first, "count": count, "interrupted": interrupted}
        click.echo(json.dumps({**asked, **_as_json(tally)}, ensure_ascii=False))
    else:
        _print(scenario, tally, interrupted=interrupted, jobs=jobs, every=every)
    raise click.exceptions.Exit(130 if interrupted else 1 if tally.failed else 0)


def _search(scenario: str, found: Scenario, tally: Tally, digests_file: Path | None, **how: Any) -> bool:
    """Run the seeds and show how far it is; tell whether it came to the end."""
    from herd.cli.sim.progress import showing
    from herd.sim.explore.seeds import search_seeds

    count = how["count"]
    with ExitStack() as stack:
        show = stack.enter_context(showing("seeds"))
        heard = [lambda: show(tally.count, count, f"{tally.per_s:.1f}/s, {len(tally.failed)} failed")]
        if digests_file is not None:
            file = stack.enter_context(digests_file.open("w", encoding="utf-8"))
            heard.append(lambda: _write_newest(file, tally))
        try:
            search_seeds(scenario, found, tally=tally, tell=lambda _: [each() for each in heard], **how)
        except KeyboardInterrupt:
            return False
    return True


def _write_newest(file: Any, tally: Tally) -> None:
    seed, digest = next(reversed(tally.digests.items()))
    file.write(json.dumps({"seed": seed, "digest": digest}) + "\n")
    file.flush()


def _as_json(tally: Tally) -> dict[str, Any]:
    return {
        "tried": tally.count,
        "passed": tally.passed,
        "failed": [each.as_json() for each in tally.failed],
        "real_s": round(tally.real_s, 3),
        "cpu_s": round(tally.cpu_s, 3),
        "per_s": round(tally.per_s, 2),
        "per_cpu_s": round(tally.per_cpu_s, 2),
        "events": tally.events,
        "virtual_s": round(tally.virtual_s, 3),
    }


def _print(scenario: str, tally: Tally, *, interrupted: bool, jobs: int, every: bool) -> None:
    from rich.text import Text

    from herd.cli.sim.report import print_checks, print_title, print_what_next, show
    from herd.sim.explore.task import Task

    for verdict in tally.failed:
        if every:
            show(f"seed {verdict.seed}: {', '.join(verdict.failed_checks)}")
            continue
        task = Task(scenario=scenario, seed=verdict.seed)
        print_title(task, verdict)
        print_checks(task, verdict)
        print_what_next(task)
        show()
    show(Text(_summary(tally, interrupted=interrupted, every=every), "red" if tally.failed else "green"))
    show(_pace(tally, jobs))


def _summary(tally: Tally, *, interrupted: bool, every: bool) -> str:
    from herd.cli.sim.report import counted

    tried = f"{'interrupted after ' if interrupted else ''}{counted(tally.count, 'seed')}"
    if not tally.failed:
        return f"{tried}, none failed"
    return f"{tried}, {tally.failed[0].seed} is the lowest that fails" + (
        f"; {len(tally.failed):,} failed" if every else ""
    )


def _pace(tally: Tally, jobs: int) -> str:
    return (
        f"{tally.real_s:.1f} s with {jobs} at a time: {tally.per_s:.1f} seeds/s, "
        f"{tally.per_cpu_s:.1f} seeds/s of one core; "
        f"{tally.events:,} events, {tally.virtual_s:,.0f} virtual seconds"
    )
