"""`herd sim replay`: a history once more, and whether it is the same."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import click

from herd.cli.options import example, json_option
from herd.cli.sim.common import ScenarioName, pin, prepare

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import TraceFile
    from herd.sim.explore.compare import Parting
    from herd.sim.explore.task import Task
    from herd.sim.explore.verdict import Verdict
    from herd.sim.scenario import Scenario


_DIGEST: Final = re.compile("[0-9a-fA-F]{1,32}")


@example("herd sim replay failure.trace", "herd sim replay 37 --scenario chat.py --digest 9dc28e83")
@click.command()
@click.argument("what", metavar="TRACE|SEED")
@click.option(
    "--scenario", metavar="SCENARIO", type=ScenarioName(), help="Of this seed; or in place of the trace's."
)
@click.option("--digest", metavar="HEX", help="Of a seed: how the digest of its history begins.")
@json_option
def replay(*, what: str, scenario: str | None, digest: str | None, as_json: bool) -> None:
    """Run a history again, and compare.

    TRACE is a file that `herd sim run --trace` wrote; what it says is run again, or a seed. A trace knows
    its scenario, its seed, and what else it was run with: steps of a shrunk history, draws that were set.
    Where the histories differ, the first event in which they do is shown, after those before it.

    Exit status: 0 if it is the same; 1 if it differs; 2 if the trace cannot be read, or its scenario. What
    the checks say is told, and does not count.

    With --json, one object: same (null for a seed without --digest), digest, expected, and first_difference
    (null, or its number, before, then and now) beside what `herd sim run --json` tells.
    """
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise click.UsageError(f"{digest!r} is no digest: give how it begins, up to 32 of 0-9 and a-f")
    pin()
    if what.isdecimal():
        _replay_seed(int(what), scenario, digest, as_json=as_json)
    if digest is not None:
        raise click.UsageError("--digest belongs to a seed: a trace has its own")
    _replay_trace(Path(what), scenario, as_json=as_json)


class _Comparison(NamedTuple):
    """Whether a history is the same (None: nobody knows), as its digest or a trace says."""

    same: bool | None
    expected: str | None
    parting: Parting | None = None


def _replay_seed(seed: int, scenario: str | None, digest: str | None, *, as_json: bool) -> NoReturn:
    if scenario is None:
        raise click.UsageError(f"{seed} is a seed: say of what, with --scenario")
    found = prepare(scenario)
    from herd.cli.sim.single import perform_alone
    from herd.sim.explore.task import Task

    task = Task(scenario=scenario, seed=seed)
    verdict = perform_alone(task, found)
    now = verdict.outcome.digest if verdict.outcome else ""
    same = None if digest is None else now.startswith(digest.lower())
    _tell(task, verdict, _Comparison(same, digest), as_json=as_json)


def _replay_trace(file: Path, scenario: str | None, *, as_json: bool) -> NoReturn:
    from herd.cli.sim.single import perform_alone
    from herd.sim.engine.tracefile import TraceError, read_trace
    from herd.sim.explore.compare import part
    from herd.sim.explore.task import HeaderError

    try:
        then = read_trace(file)
        task, found = _read_task(then, scenario)
        with tempfile.TemporaryDirectory(prefix="herd-sim-") as directory:
            again = Path(directory) / "again.trace"
            verdict = perform_alone(task, found, trace_file=again)
            parting = part(then, read_trace(again))
    except TraceError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from error
    except HeaderError as error:
        raise click.UsageError(f"{file}: {error}") from error
    same = parting is None and (verdict.outcome is not None or not then.complete)
    _tell(task, verdict, _Comparison(same, then.digest, parting), as_json=as_json)


def _read_task(then: TraceFile, scenario: str | None) -> tuple[Task, Scenario]:
    """Return what a trace was written of."""
    import herd
    from herd.sim.explore.task import HeaderError, from_header

    name = scenario or then.header.get("scenario")
    if not isinstance(name, str):
        raise HeaderError("its header names no scenario: say which, with --scenario")
    found = prepare(name)
    written_by = then.header.get("herd")
    if written_by != herd.__version__:
        click.echo(f"herd: {then.name} is of herd {written_by}, this is {herd.__version__}", err=True)
    return from_header(then.header, name), found


def _tell(task: Task, verdict: Verdict, comparison: _Comparison, *, as_json: bool) -> NoReturn:
    from herd.cli.sim import report

    if as_json:
        told = {**report.as_json(task, verdict), **_as_json(comparison)}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        report.print_report(task, verdict)
        click.echo("\n" + "\n".join(_in_words(comparison)))
    raise click.exceptions.Exit(1 if comparison.same is False else 0)


def _as_json(comparison: _Comparison) -> dict[str, Any]:
    parting = comparison.parting
    told = parting and {
        "number": parting.number,
        "before": parting.before,
        "then": parting.left,
        "now": parting.right,
    }
    return {"same": comparison.same, "expected": comparison.expected, "first_difference": told}


def _in_words(comparison: _Comparison) -> list[str]:
    parting = comparison.parting
    if parting is not None:
        number = f"{parting.number:,}"
        return [
            f"Another history: event {number} is the first that differs.",
            *parting.lines("then", "now"),
        ]
    if comparison.same is None:
        return ["With --digest it would be compared with an earlier run."]
    if comparison.same:
        return ["The same history."]
    return [f"Another history: its digest should be {comparison.expected}."]
