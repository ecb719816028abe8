"""Counts what a message costs, in ways that no clock disturbs: processor instructions, or bytecodes.

Valgrind's callgrind counts the instructions of one process. Each workload runs in it with n messages and with
2n; the difference, divided by n, is what a message costs, and whatever a run costs besides cancels out. The
child marks its runs by calling `getppid`, at which callgrind writes its count down and begins from zero.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benching.instructions.workloads import WORKLOADS
from benching.servers import environ_of

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MESSAGES: Final = 128
LIMIT_S: Final = 300
_SCRIPTS: Final = Path(__file__).resolve().parents[2]
_MARK: Final = "getppid"
_TOTALS: Final = re.compile(r"^totals: ([0-9]+)$", re.MULTILINE)

Counts = dict[str, float]
"""Workload -> what a message costs."""


def valgrind() -> str | None:
    """Return the program that counts instructions, if there is one."""
    return shutil.which("valgrind")


def instructions(cores: Sequence[str], messages: int = MESSAGES) -> dict[str, Counts]:
    """Count instructions, of all cores at once."""
    with ThreadPoolExecutor() as pool:
        counted = pool.map(lambda core: _instructions(core, messages), cores)
        return dict(zip(cores, counted, strict=True))


def _instructions(core: str, messages: int) -> Counts:
    program = valgrind()
    assert program is not None, "there is valgrind"
    with tempfile.TemporaryDirectory() as directory:
        out = Path(directory) / "out"
        command = [program, "-q", "--tool=callgrind", f"--dump-before={_MARK}", f"--callgrind-out-file={out}"]
        _run([*command, *_child("marked", messages)], core)
        dumps = sorted(Path(directory).glob("out.*"), key=lambda path: int(path.suffix[1:]))
        totals = [total_of(path.read_text("utf-8", "replace")) for path in dumps]
    return per_message(runs_of(totals), messages)


def bytecodes(core: str, messages: int = MESSAGES) -> Counts:
    """Count bytecodes of Python: what compiled code does is not in them."""
    pairs = json.loads(_run(_child("bytecodes", messages), core))
    return per_message([count for pair in pairs for count in pair], messages)


def _child(way: str, messages: int) -> list[str]:
    return [sys.executable, "-m", "benching.instructions.child", way, str(messages)]


def _run(command: Sequence[str], core: str) -> str:
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    fixed = {"PYTHONHASHSEED": "0", "PYTHONPATH": f"{_SCRIPTS}{os.pathsep}{_SCRIPTS.parent}"}
    try:
        done = subprocess.run(
            command,
            env={**kept, **fixed, **environ_of(core)},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise HerdError(f"{command[0]} is not over after {LIMIT_S} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise HerdError(f"{command[0]}: {lines[-1]}")
    return done.stdout


def total_of(dump: str) -> int:
    """Return the instructions that a dump of callgrind counts."""
    found = _TOTALS.search(dump)
    if found is None:
        raise HerdError("callgrind wrote a dump without totals")
    return int(found[1])


def runs_of(totals: Sequence[int]) -> list[int]:
    """Return what each run took, of what was counted before every mark: runs, and what lies between them."""
    runs = list(totals[1::2])
    if len(totals) != 4 * len(WORKLOADS) or not all(runs):
        raise HerdError(f"callgrind wrote {len(totals)} dumps, not {4 * len(WORKLOADS)}: is {_MARK} traced?")
    return runs


def per_message(runs: Sequence[int], messages: int) -> Counts:
    """Return what a message costs, of runs with n and 2n messages in turn."""
    pairs = zip(WORKLOADS, runs[::2], runs[1::2], strict=True)
    return {name: round((twice - once) / messages, 1) for name, once, twice in pairs}


def changes(counted: Mapping[str, float], before: Mapping[str, float]) -> Counts:
    """Return by how many percent each workload has changed; one that is new has not."""
    return {
        name: round(100 * (count / before[name] - 1), 2)
        for name, count in counted.items()
        if before.get(name)
    }
