"""`scripts/torture`: a right herd lives through it, a wrong one is found and shown with what is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INVARIANTS = [
    "converges",
    "never goes back",
    "terminates",
    "promises kept",
    "bounded",
    "no strangers",
    "answers",
    "no errors",
]
TRUSTING = """
from herd.core.handshake import Handshake
Handshake._check_proof = lambda self, line: None
"""


def torture(*arguments: str, spoiled: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = dict(os.environ) if spoiled is None else {**os.environ, "PYTHONPATH": str(spoiled)}
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "torture", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_right_herd_lives_through_it() -> None:
    done = torture("--seconds", "5", "--durability", "disk", "--seed", "7", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    (run,) = summary["runs"]
    assert (summary["ok"], summary["seed"], run["durability"]) == (True, 7, "disk")
    assert {name: each["ok"] for name, each in run["invariants"].items()} == dict.fromkeys(INVARIANTS, True)
    assert run["invariants"]["converges"]["seen"].startswith("5 servers hold the same ")
    assert run["counts"]["reports acknowledged"] > 0
    assert any(fault["what"] == "kill Alford, Ball, Hamilton, Holiday, Welsh" for fault in run["faults"])


def test_a_wrong_herd_is_found_and_shown(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(TRUSTING)
    done = torture("--seconds", "3", "--durability", "memory", "--seed", "7", spoiled=tmp_path)
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    lines = done.stdout.splitlines()
    assert any(line.startswith("no strangers BROKEN") for line in lines)
    assert "again: scripts/torture --durability memory --seed 7 --seconds 3" in lines
    (kept,) = [Path(line.removeprefix("files: ")) for line in lines if line.startswith("files: ")]
    assert (kept / "Alford.log").exists()
    for file in kept.iterdir():
        file.unlink()
    kept.rmdir()


def test_help_has_an_example() -> None:
    done = torture("--help")
    assert done.returncode == 0
    assert "example: scripts/torture --seconds 120 --durability disk --seed 7" in done.stdout
