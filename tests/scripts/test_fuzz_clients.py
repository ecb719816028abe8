"""`scripts/fuzz-clients`: a right server passes, a wrong one is found and shown with little."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INPUTS = 20_000


def fuzz(*arguments: str, spoiled: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = dict(os.environ) if spoiled is None else {**os.environ, "PYTHONPATH": str(spoiled)}
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "fuzz-clients", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def spoil(directory: Path, code: str) -> Path:
    """Return a directory that, on the path, makes every Python do this first."""
    (directory / "sitecustomize.py").write_text(code)
    return directory


def counts(output: str) -> dict[str, int]:
    summary = output.splitlines()[-1].partition(": ")[2]
    return {
        kind: int(count.replace(",", "")) for count, kind in re.findall(r"(\d[\d,]*) ([A-Za-z]+)", summary)
    }


def test_a_right_server_passes() -> None:
    done = fuzz("--inputs", str(INPUTS), "--seed", "7")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[-1].startswith("passed: ")
    found = counts(done.stdout)
    assert found["inputs"] >= INPUTS
    assert min(found["IAMAT"], found["WHATSAT"], found["invalid"]) > INPUTS / 50


def test_a_real_process_passes() -> None:
    done = fuzz("--live", "--inputs", "1000", "--seed", "7")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert counts(done.stdout)["inputs"] >= 1000


def test_a_wrong_server_is_found_with_the_least_that_shows_it(tmp_path: Path) -> None:
    spoiled = spoil(tmp_path, "import herd.core.wire\nherd.core.wire.MAX_BOUND = 21\n")
    done = fuzz("--inputs", str(INPUTS), "--seed", "7", spoiled=spoiled)
    assert done.returncode == 1
    assert "again: scripts/fuzz-clients --seed 7 --round 0" in done.stdout
    # A report, so that the client is known; then the question that must be refused.
    lines = [line.strip() for line in done.stdout.splitlines() if line.startswith("    b")]
    assert len(lines) == 2
    assert "IAMAT" in lines[0]
    assert re.search(r"WHATSAT.*21", lines[1])


def test_a_connection_that_stays_in_memory_is_found(tmp_path: Path) -> None:
    code = (
        "from herd.server.clients import ClientConnection\n"
        "made = ClientConnection.connectionMade\n"
        "def keep(self):\n"
        "    self.me = self\n"
        "    made(self)\n"
        "ClientConnection.connectionMade = keep\n"
    )
    done = fuzz("--inputs", str(INPUTS), "--seed", "7", spoiled=spoil(tmp_path, code))
    assert done.returncode == 1
    assert "a closed connection is not freed" in done.stdout


def test_help_has_an_example() -> None:
    done = fuzz("--help")
    assert done.returncode == 0
    assert "example: scripts/fuzz-clients --seconds 60" in done.stdout
