"""Scripts that need herd run in `.venv`, whichever Python they are started with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BARE = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a script that needs herd, where nothing is installed."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "in_venv.py", tmp_path / "scripts")
    (tmp_path / "scripts" / "script").write_text(
        "import in_venv, sys, herd\nprint(herd.NAME, sys.argv[1:])\n"
    )
    venv.create(tmp_path / "elsewhere")
    return tmp_path


def run(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    python = checkout / "elsewhere" / "bin" / "python"
    return subprocess.run(
        [python, checkout / "scripts" / "script", *arguments],
        env=BARE,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_runs_again_with_its_arguments(checkout: Path) -> None:
    venv.create(checkout / ".venv")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    installed = checkout / ".venv" / "lib" / version / "site-packages" / "herd.py"
    installed.write_text("NAME = 'the herd of .venv'\n")
    done = run(checkout, "--seed", "two words")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "the herd of .venv ['--seed', 'two words']\n",
        "",
    )


def test_without_set_up_it_says_what_to_do(checkout: Path) -> None:
    done = run(checkout)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "herd is not installed here: run scripts/setup first\n"


def test_a_set_up_without_herd_does_not_run_for_ever(checkout: Path) -> None:
    venv.create(checkout / ".venv")
    done = run(checkout)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "herd is not installed here: run scripts/setup first\n"
