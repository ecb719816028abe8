"""The directory of a simulation: the same at each run, nobody else's, and empty."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary files lie in a directory of the test's."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_one_after_the_other_has_the_same() -> None:
    first = Scratch()
    first.remove()
    second = Scratch()
    assert second.path == first.path
    second.remove()


def test_two_at_a_time_have_two() -> None:
    first, second = Scratch(), Scratch()
    assert first.path != second.path
    assert first.path.parent == second.path.parent
    first.remove()
    second.remove()


def test_what_a_killed_one_has_left_is_removed(temporary: Path) -> None:
    left = temporary / f"herd-sim-{os.getuid()}" / "0"
    (left / "host").mkdir(parents=True, mode=0o700)
    left.parent.chmod(0o700)
    (left / "host" / "file").write_text("old")
    scratch = Scratch()
    assert scratch.path == left
    assert list(scratch.path.iterdir()) == []
    scratch.remove()


def test_a_directory_that_others_may_write_to_is_not_used(temporary: Path) -> None:
    base = temporary / f"herd-sim-{os.getuid()}"
    base.mkdir()
    base.chmod(0o777)
    scratch = Scratch()
    assert scratch.path.parent != base
    scratch.remove()


def test_a_link_is_not_followed(temporary: Path) -> None:
    (temporary / "elsewhere").mkdir(mode=0o700)
    (temporary / f"herd-sim-{os.getuid()}").symlink_to(temporary / "elsewhere")
    scratch = Scratch()
    assert not scratch.path.is_relative_to(temporary / "elsewhere")
    assert list((temporary / "elsewhere").iterdir()) == []
    scratch.remove()
