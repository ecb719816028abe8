"""`scripts/kill-pairs`: one case of a real herd, and what it says of a herd that does not catch up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from herd.config.load import packaged_text

ROOT = Path(__file__).resolve().parents[2]

NO_CATCHING_UP = """
from herd.core.reconcile import Reconciler
Reconciler.begin = lambda self: None
"""


def kill_pairs(*arguments: str, spoiled: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = dict(os.environ) if spoiled is None else {**os.environ, "PYTHONPATH": str(spoiled)}
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "kill-pairs", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_herd_in_two_pieces_agrees_and_heals() -> None:
    done = kill_pairs("--only", "Holiday+Alford", "--seed", "5", "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    start, case, summary = map(json.loads, done.stdout.splitlines())
    assert start == {"servers": ["Alford", "Ball", "Hamilton", "Holiday", "Welsh"], "seed": 5}
    assert case["killed"] == ["Alford", "Holiday"]
    assert case["parts"] == [["Ball", "Welsh"], ["Hamilton"]]
    assert case["wrong"] == []
    assert (summary["cases"], summary["failed"]) == (1, 0)


def test_a_herd_that_does_not_catch_up_fails(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NO_CATCHING_UP)
    config = tmp_path / "herd.toml"
    config.write_text(f"{packaged_text()}\n[limits]\nshutdown_s = 0.1\n")
    options = ["--config", str(config), "--only", "Alford", "--patience", "1"]
    done = kill_pairs(*options, spoiled=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    case, summary = done.stdout.splitlines()[1:]
    assert "FAILED: after 1 s Alford holds None and not b'AT " in case
    assert summary.startswith("FAILED: 1 of 1 cases failed")


def test_an_unknown_case_is_refused() -> None:
    done = kill_pairs("--only", "Alford+Campbell")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "scripts/kill-pairs: --only Alford+Campbell: no such server or pair; the servers are "
        "Alford, Ball, Hamilton, Holiday, Welsh\n"
    )


def test_help_has_an_example() -> None:
    done = kill_pairs("--help")
    assert done.returncode == 0
    assert "example: scripts/kill-pairs --only Alford --only Ball+Holiday" in done.stdout
