"""`scripts/fuzz-links`: a right server passes, a wrong one is found and shown with little."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INPUTS = 6_000


def fuzz(*arguments: str, spoiled: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = dict(os.environ) if spoiled is None else {**os.environ, "PYTHONPATH": str(spoiled)}
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "fuzz-links", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_right_server_passes() -> None:
    done = fuzz("--inputs", str(INPUTS), "--seed", "7", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["ok"]
    assert summary["inputs"] >= INPUTS
    counts = summary["counts"]
    for stage in ("before hello", "after hello", "proof", "up", "reconciliation"):
        assert counts[f"stage {stage}"] > 10
    for end in ("a wrong hello", "a wrong proof", "a line that is none", "a step without a walk"):
        assert counts[f"ended by {end}"] > 0
    assert min(counts["records"], counts["steps"], counts["links up"]) > 100


TRUSTING = """
from herd.core.handshake import Handshake
Handshake._check_proof = lambda self, line: None
"""
ON_CONNECTION = """
from herd.server.links import LinkConnection
made = LinkConnection.connectionMade
def more(self):
    made(self)
    {}
LinkConnection.connectionMade = more
"""
FORGETFUL = """
from herd.core.reconcile import _TAKE
_TAKE["WANT"] = lambda self, step: 1
"""
SPOILED = {
    "it believes every proof": (TRUSTING, "before it knew to whom"),
    "it tells its secret": (
        ON_CONNECTION.format("self._context.log.note(str(self._context.identity.secret))"),
        "the secret stands in the log",
    ),
    "it forgets what it was asked for": (FORGETFUL, "after a reconciliation the two sides differ"),
    "it keeps closed connections": (
        ON_CONNECTION.format("self.me = self"),
        "a closed connection is not freed",
    ),
}


@pytest.mark.parametrize("wrong", SPOILED)
def test_a_wrong_server_is_found(tmp_path: Path, wrong: str) -> None:
    code, complaint = SPOILED[wrong]
    (tmp_path / "sitecustomize.py").write_text(code)
    done = fuzz("--inputs", str(INPUTS), "--seed", "7", spoiled=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert complaint in done.stdout
    assert "again: scripts/fuzz-links --seed 7 --round 0" in done.stdout


def test_what_shows_it_is_as_little_as_it_can_be(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(TRUSTING)
    done = fuzz("--inputs", str(INPUTS), "--seed", "7", spoiled=tmp_path)
    lines = [line.strip() for line in done.stdout.splitlines() if line.startswith("    b")]
    assert len(lines) == 2
    assert lines[0].startswith("b'HERD 1 testers ")


def test_help_has_an_example() -> None:
    done = fuzz("--help")
    assert done.returncode == 0
    assert "example: scripts/fuzz-links --seconds 60" in done.stdout
