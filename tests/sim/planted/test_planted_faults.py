"""A simulator is worth what it finds: each fault, planted into a copy of herd, fails a shipped scenario.

The copy is searched as anybody would: `herd sim seeds SCENARIO`. How many seeds it took is told with `-s`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import herd
from tests.sim.planted.faults import FAULTS, Planted

SEEDS = 1_000
HERE = Path(herd.__file__).parent


def copy_with(fault: Planted, directory: Path) -> None:
    # Without the servers' compiled core: the faults are planted into the reference.
    shutil.copytree(HERE, directory / "herd")
    for compiled in [*directory.glob("herd/core/*.so"), *directory.glob("herd/server/*.so")]:
        compiled.unlink()
    for name, old, new in [*((fault.file, *change) for change in fault.changes), *fault.others]:
        text = (directory / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has changed: {old!r} stands there {text.count(old)} times"
        (directory / name).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_a_planted_fault_is_found(fault: Planted, tmp_path: Path) -> None:
    copy_with(fault, tmp_path)
    command = [sys.executable, "-m", "herd.cli", "sim", "seeds", fault.scenario, "--jobs", "1", "--json"]
    found = subprocess.run(
        [*command, "--count", str(SEEDS)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=160,
    )
    assert found.returncode == 1, found.stdout + found.stderr
    lowest = json.loads(found.stdout)["failed"][0]
    checks = {each["check"] for each in lowest["violations"]}
    told = f"{fault.name}: seed {lowest['seed']} of {fault.scenario} fails {', '.join(sorted(checks))}"
    print(told)  # noqa: T201 - for those who want to know
    assert checks & set(fault.checks)
