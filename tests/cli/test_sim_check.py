"""`herd sim check`: fresh processes that are compared."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.cli.simulating import COUNTER, SCENARIOS, afresh, told_afresh, usage_error

if TYPE_CHECKING:
    from pathlib import Path


def test_seeds_are_checked_in_two_processes() -> None:
    done = afresh("check", COUNTER, "--seed", "3", "--count", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        r"seeds 3 to 4: the same history in 2 processes \(Python [\d.]+ with hash seed 1, Python [\d.]+ with "
        r"hash seed 2, pure\)\.\n",
        done.stdout,
    )


def test_a_program_that_walks_over_a_set_is_found_out() -> None:
    done = afresh("check", SCENARIOS / "wandering.py")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert re.fullmatch(
        r"seed 0: not the same history under Python .* seed 1 and Python .* seed 2, pure\.", lines[0]
    )
    assert lines[1] == "Event 3 is the first that differs:"
    assert re.fullmatch(r"hash seed 1:    1\.000001  walker +RESOLVE +[a-z]+", lines[-2])
    assert re.fullmatch(r"hash seed 2:    1\.000001  walker +RESOLVE +[a-z]+", lines[-1])


def test_a_check_that_fails_in_one_process_alone_is_a_difference() -> None:
    scenario = SCENARIOS / "moody.py"
    done = afresh("check", scenario)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("seed 0: the same history under Python ")
    assert lines[0].endswith(" seed 2, pure, but not to the checks:")
    assert lines[1:] == ["", "hash seed 1: passed", "hash seed 2: fails is in the mood"]
    difference = told_afresh("check", scenario)["difference"]
    assert (difference["failed"], difference["event"]) == ([[], ["is in the mood"]], None)


def test_an_interpreter_without_herd_says_so(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\ncase "$1" in -c) echo 3.99.0;; *) echo No module named herd >&2; exit 1;; esac\n'
    )
    python.chmod(0o755)
    assert (
        usage_error("check", COUNTER, "--python", python) == f"{python} cannot run it: No module named herd"
    )
