"""Programs that know nothing of determinism have one history for one seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim.foreign.crowd import history

# What other programs still call is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROOT = Path(__file__).parents[3]


def test_one_seed_is_one_history_here_and_in_an_interpreter_with_other_hashes() -> None:
    here = history(5)
    assert history(5) == here
    assert history(6) != here
    environ = {**os.environ, "PYTHONHASHSEED": "77"}
    command = [sys.executable, "-m", "tests.sim.foreign.crowd"]
    there = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environ)
    assert there.stdout == f"{here}\n"
