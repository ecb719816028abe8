"""The interpreter starts again with a fixed hash seed, as it was started."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, sys
from herd.sim.engine import pins
print("started", flush=True)
pins.pin_hash_seed()
print(os.environ["PYTHONHASHSEED"], hash("herd"), sys.argv, sys.flags.dev_mode, __name__, sys.flags.optimize)
"""


def run(*arguments: str, directory: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**clean, **environ},
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "prog.py").write_text(PROGRAM)
    return tmp_path


def test_a_script_starts_again_with_its_arguments(directory: Path) -> None:
    script = str(directory / "prog.py")
    first, second = run(script, "--seed", "a b"), run(script, "--seed", "a b")
    assert first.stdout == second.stdout
    assert first.stdout.startswith("started\nstarted\n0 ")
    assert f"[{script!r}, '--seed', 'a b'] False __main__ 0" in first.stdout


def test_a_module_starts_again_with_its_flags(directory: Path) -> None:
    ran = run("-X", "dev", "-O", "-m", "prog", "x", directory=directory)
    assert "'x'] True __main__ 1" in ran.stdout
    assert ran.stdout.count("started") == 2


def test_a_fixed_seed_stays(directory: Path) -> None:
    ran = run("prog.py", directory=directory, PYTHONHASHSEED="5")
    assert ran.stdout.startswith("started\n5 ")


def test_a_random_seed_that_is_asked_for_is_none(directory: Path) -> None:
    ran = run("prog.py", directory=directory, PYTHONHASHSEED="random")
    assert ran.stdout.startswith("started\nstarted\n0 ")


def test_an_interpreter_that_hears_nothing_says_so(directory: Path) -> None:
    ran = run("-E", "prog.py", directory=directory)
    assert "run without -E and -I, or with PYTHONHASHSEED=0" in ran.stderr
    assert ran.stdout == "started\n"
