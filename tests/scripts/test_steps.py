"""`scripts/test` with tools that are stand-ins: the order of its steps, and what it says when one fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
PYTEST = "-m pytest -n auto --maxprocesses 4 --hypothesis-profile ci --color no"

PURE = "-m pytest -q -n auto --maxprocesses 4 --hypothesis-profile ci --color no tests/core tests/server"


@frozen
class Checkout:
    """A directory with `scripts/test`, whose other programs note how they were called."""

    root: Path

    def program(self, name: str, *, ending: int = 0, says: str = "") -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'#!/bin/sh\necho "{path.name} $*" >>"{self.root}/done"\necho "{says}"\nexit {ending}\n'
        )
        path.chmod(0o755)

    def test(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.root / "scripts" / "test", *arguments], cwd="/", capture_output=True, text=True, check=False
        )

    def done(self) -> list[str]:
        return (self.root / "done").read_text().splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path / "a checkout")
    for name in ["scripts/setup", ".venv/bin/ruff", ".venv/bin/mypy"]:
        made.program(name)
    made.program(".venv/bin/python", says="= 3 passed in 0.1s =")
    shutil.copy(ROOT / "scripts" / "test", made.root / "scripts")
    return made


def test_every_step_runs_in_order(checkout: Checkout) -> None:
    ran = checkout.test()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert checkout.done() == [
        "setup ",
        "ruff check --quiet",
        "ruff format --check --quiet",
        "mypy ",
        f"python {PYTEST}",
        f"python {PURE}",
        "python scripts/check-wheel",
        "python scripts/torture --seconds 20 --seed 1",
        "python scripts/bench/instructions",
    ]
    headings = [line.removeprefix("== ") for line in ran.stdout.splitlines() if line.startswith("== ")]
    steps = ["ruff check", "ruff format", "mypy", "pytest", "pure core", "wheel", "torture", "instructions"]
    assert headings == [*steps, "summary"]
    assert ran.stdout.splitlines()[-1] == "   = 3 passed in 0.1s ="


def test_fast_leaves_out_all_that_comes_after_the_tests(checkout: Checkout) -> None:
    assert checkout.test("--fast").returncode == 0
    assert checkout.done()[-1] == f"python {PYTEST}"


def test_a_failing_step_ends_it_with_its_name(checkout: Checkout) -> None:
    checkout.program(".venv/bin/mypy", ending=1)
    ran = checkout.test()
    assert ran.returncode == 1
    assert ran.stderr == "\nscripts/test: mypy failed; its output is above\n"
    assert checkout.done()[-1] == "mypy "
    assert [line.split(",")[0] for line in ran.stdout.splitlines()[-3:]] == [
        "   passed  ruff check",
        "   passed  ruff format",
        "   FAILED  mypy",
    ]


def test_failing_tests_are_not_hidden_by_keeping_their_output(checkout: Checkout) -> None:
    checkout.program(".venv/bin/python", ending=1, says="= 1 failed in 0.1s =")
    ran = checkout.test()
    assert (ran.returncode, ran.stderr) == (1, "\nscripts/test: pytest failed; its output is above\n")
    assert ran.stdout.splitlines()[-1] == "   = 1 failed in 0.1s ="


def test_arguments_go_to_pytest_alone(checkout: Checkout) -> None:
    assert checkout.test("tests/core", "-k", "order").returncode == 0
    assert checkout.done() == ["setup ", "python -m pytest tests/core -k order"]


def test_a_failing_setup_ends_it(checkout: Checkout) -> None:
    checkout.program("scripts/setup", ending=1)
    assert checkout.test().returncode == 1
    assert checkout.done() == ["setup "]


def test_help_needs_no_setup(checkout: Checkout) -> None:
    told = checkout.test("--help")
    assert (told.returncode, told.stdout.splitlines()[0]) == (
        0,
        "usage: scripts/test [--fast] [pytest's arguments]",
    )
    assert not (checkout.root / "done").exists()
