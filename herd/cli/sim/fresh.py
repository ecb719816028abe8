"""Seeds in fresh processes: each with an interpreter and a hash seed of its own, side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click
from attrs import frozen

from herd.cli.sim.progress import showing
from herd.sim.engine.tracefile import read_trace
from herd.sim.explore.compare import Parting, part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LOOK_S: Final = 0.05
_PURE: Final = 2
_ZONES: Final = ("UTC0", "EST5EDT", "JST-9")
"""Each process is in another part of the world."""
_VERSION: Final = "import sys; print('%d.%d.%d' % sys.version_info[:3])"


@frozen
class Process:
    """How a process is started."""

    python: str
    version: str
    hash_seed: int
    is_pure: bool = False
    """Whether it does without what is compiled."""

    def __str__(self) -> str:
        told = f"Python {self.version} with hash seed {self.hash_seed}"
        return f"{told}, pure" if self.is_pure else told


@frozen
class Difference:
    """A seed whose history is not the same in two processes, and where they part.

    `parting` is None if only what its checks say differs: `failed` are those that failed in each.
    """

    seed: int
    left: Process
    right: Process
    parting: Parting | None
    failed: tuple[tuple[str, ...], tuple[str, ...]]


class _Told(NamedTuple):
    """What became of a seed in a process."""

    digest: str | None
    failed: tuple[str, ...] = ()
    """The checks that failed."""


_NOTHING: Final = _Told(None)


def processes(pythons: Sequence[Path]) -> list[Process]:
    """Return what to compare: this interpreter, the same without what is compiled, then the others.

    Every hash seed is another.
    """
    paths = [sys.executable, sys.executable, *map(str, pythons)]
    return [
        Process(path, _version(path), number, is_pure=number == _PURE) for number, path in enumerate(paths, 1)
    ]


def _version(python: str) -> str:
    try:
        done = subprocess.run([python, "-c", _VERSION], capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise click.UsageError(f"{python} is no Python: {error.strerror}") from error
    if done.returncode:
        raise click.UsageError(f"{python} is no Python")
    return done.stdout.strip()


def compare(  # noqa: PLR0913 - all of what was asked for
    found: list[Process], scenario: str, first: int, count: int, *, limit_s: float, directory: Path
) -> Difference | None:
    """Run the seeds in all processes; return the first difference, of the lowest seed.

    `directory` is for files in between. A usage error for an interpreter that cannot run them.
    """
    told = _tell(found, scenario, first, count, limit_s, directory)
    for seed in range(first, first + count):
        if all(each.get(seed, _NOTHING).digest is None for each in told):
            raise click.UsageError(
                f"seed {seed} has no history to compare: its run ends with an error; herd sim run tells which"
            )
        mine = told[0].get(seed, _NOTHING)
        for number, each in enumerate(told[1:], 1):
            other = each.get(seed, _NOTHING)
            if other == mine:
                continue
            differs = other.digest != mine.digest
            parting = _parting(found[0], found[number], scenario, seed, directory) if differs else None
            if parting is not None or other.failed != mine.failed:
                return Difference(seed, found[0], found[number], parting, (mine.failed, other.failed))
    return None


def _tell(  # noqa: PLR0913, PLR0917 - all of what was asked for
    found: list[Process], scenario: str, first: int, count: int, limit_s: float, directory: Path
) -> list[dict[int, _Told]]:
    files = [directory / f"digests-{number}" for number in range(len(found))]
    jobs = max(1, len(os.sched_getaffinity(0)) // len(found)) if hasattr(os, "sched_getaffinity") else 1
    started = []
    for process, file in zip(found, files, strict=True):
        more = ["--first", first, "--count", count, "--jobs", jobs, "--limit", limit_s]
        started.append(_start(process, "seeds", scenario, *more, "--all", "--json", "--digests", file))
    _wait(started, files, count)
    reports = [_complain(process, running) for process, running in zip(found, started, strict=True)]
    return [_read(file, report) for file, report in zip(files, reports, strict=True)]


def _start(process: Process, verb: str, *words: object) -> subprocess.Popen[str]:
    # Without -P a module beside the scenario could stand in for one of Python's.
    command = [process.python, "-P", "-m", "herd.cli", "sim", verb, *map(str, words)]
    zone = _ZONES[process.hash_seed % len(_ZONES)]
    environ = {**os.environ, "PYTHONHASHSEED": str(process.hash_seed), "TZ": zone}
    if process.is_pure:
        environ["HERD_PURE"] = "1"
    return subprocess.Popen(  # noqa: S603 - the interpreters that were given
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _wait(started: list[subprocess.Popen[str]], files: list[Path], count: int) -> None:
    """Wait until all have ended; what they print is little enough to stay in the pipe until then."""
    try:
        with showing("seeds") as show:
            while any(each.poll() is None for each in started):
                show(min(map(_lines, files)), count, f"in {len(files)} processes")
                time.sleep(_LOOK_S)
    finally:
        for each in started:
            if each.poll() is None:
                each.terminate()
                each.wait()


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def _complain(process: Process, running: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the report of a process; a usage error if it could not run."""
    told, errors = running.communicate()
    if not told.startswith("{"):
        last = (errors.strip().splitlines() or [f"exit status {running.returncode}"])[-1]
        raise click.UsageError(f"{process.python} cannot run it: {last}")
    report: dict[str, Any] = json.loads(told)
    return report


def _read(file: Path, report: dict[str, Any]) -> dict[int, _Told]:
    failed = {
        each["seed"]: tuple(dict.fromkeys(violation["check"] for violation in each["violations"]))
        for each in report["failed"]
    }
    found: dict[int, _Told] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        told: dict[str, Any] = json.loads(line)
        found[told["seed"]] = _Told(told["digest"], failed.get(told["seed"], ()))
    return found


def _parting(left: Process, right: Process, scenario: str, seed: int, directory: Path) -> Parting | None:
    files = [directory / "left.trace", directory / "right.trace"]
    for process, file in zip((left, right), files, strict=True):
        running = _start(process, "run", scenario, "--seed", seed, "--trace", file, "--json")
        _complain(process, running)
    return part(read_trace(files[0]), read_trace(files[1]))
