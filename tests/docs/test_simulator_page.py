"""The page about the simulator: whoever does what it says sees what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from herd.cli.sim import COMMANDS
from herd.sim import mishaps
from herd.sim.engine import faults, profile
from herd.sim.herds.judge import CHECKS
from herd.sim.scenario import shipped
from tests.docs.console import ROOT, Reader, differences, exchanges, patched, stable

PAGE = ROOT / "docs" / "simulator.md"
AGAIN = "look what has changed; then `python tests/docs/console.py docs/simulator.md` writes it anew"


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reader(text: str, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Somebody who has done all that the page says."""
    somebody = Reader(tmp_path_factory.mktemp("home"), PAGE)
    somebody.follow(text)
    return somebody


def test_its_commands_print_what_it_says(text: str, reader: Reader) -> None:
    found = list(differences(text, reader))
    assert not found, "\n".join([*found, AGAIN])


def test_its_picture_is_of_that_history(reader: Reader) -> None:
    def words(svg: Path) -> list[str]:
        return re.findall(r">([^<>\n]+)<", svg.read_text(encoding="utf-8"))

    assert words(reader.home / "lease" / "overlap.svg") == words(ROOT / "docs" / "images" / "overlap.svg")
