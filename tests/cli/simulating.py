"""How the tests of `herd sim` run its commands: in this process, or in one of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from herd.cli.main import main
from tests.cli.conftest import environment

if TYPE_CHECKING:
    from click.testing import Result

SCENARIOS = Path(__file__).resolve().parents[1] / "sim" / "explore" / "scenarios"
FORGETFUL = str(SCENARIOS / "forgetful.py")
COUNTER = str(SCENARIOS / "counter.py")
DOUBLE = "nothing is lost or counted twice"
LIMIT_S = 60


def typed(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "herd.cli", "sim", *map(str, words)]


def afresh(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    return subprocess.run(
        typed(*words), env=environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


def told_afresh(*words: str | Path) -> dict[str, Any]:
    return read(afresh(*words, "--json").stdout)


def read(stdout: str) -> dict[str, Any]:
    """Return what a command printed with --json: one object on one line."""
    [line] = stdout.splitlines()
    answer: dict[str, Any] = json.loads(line)
    return answer


def sim(*words: str | Path) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, ["sim", *map(str, words)], prog_name="herd")


def told(*words: str | Path) -> dict[str, Any]:
    return read(sim(*words, "--json").stdout)


def usage_error(*words: str | Path) -> str:
    done = sim(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    return done.stderr.partition("\n\nError: ")[2].strip()
