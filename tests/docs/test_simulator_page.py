"""The page about the simulator: whoever does what it says sees what it says."""

from __future__ import annotations

import re
from inspect import Parameter, signature
from typing import TYPE_CHECKING

import attrs
import pytest

from herd.sim import mishaps
from herd.sim.engine import faults, profile
from herd.sim.explore.writing import python
from herd.sim.herds.judge import CHECKS
from herd.sim.scenario import Scenario, load_scenario, shipped
from tests.docs.console import ROOT, Reader, differences, exchanges, patched, stable

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

PAGE = ROOT / "docs" / "simulator.md"
AGAIN = "look what has changed; then `python tests/docs/console.py docs/simulator.md` writes it anew"


@pytest.fixture(scope="module")
def text() -> str:
    return PAGE.read_text(encoding="utf-8")


def words(svg: Path) -> list[str]:
    return re.findall(r">([^<>\n]+)<", svg.read_text(encoding="utf-8"))


def test_its_commands_print_what_it_says_and_draw_its_picture(text: str, tmp_path: Path) -> None:
    reader = Reader(tmp_path, PAGE)
    reader.follow(text)
    found = list(differences(text, reader))
    assert not found, "\n".join([*found, AGAIN])
    assert words(reader.home / "lease" / "overlap.svg") == words(ROOT / "docs" / "images" / "overlap.svg")


def written(value: object) -> str:
    """Return a value as the page writes it."""
    return python(value)


def defaults_of(function: object) -> str:
    """Return the arguments of a class or function as the page writes them."""
    parameters = signature(function).parameters.values()  # type: ignore[arg-type]
    return ", ".join(
        each.name if each.default is Parameter.empty else f"{each.name}={written(each.default)}"
        for each in parameters
    )


def rows(text: str) -> set[str]:
    return {line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")}


@pytest.mark.parametrize(
    ("module", "rest"),
    [
        (faults, set()),
        (profile, {"Latency", "Profile", "drawing"}),
        (mishaps, {"among", "befall", "between"}),
    ],
)
def test_every_word_is_in_a_table_with_its_defaults(text: str, module: ModuleType, rest: set[str]) -> None:
    there = {
        f"`{name}({defaults_of(each)})`"
        for name, each in vars(module).items()
        if getattr(each, "__module__", None) == module.__name__ and not name.startswith("_")
        if callable(each) and name not in rest
    }
    assert len(there) > 3
    assert there - rows(text) == set()


def test_every_field_of_a_profile_is_there_with_its_default(text: str) -> None:
    for field in attrs.fields(profile.Profile):
        assert f"\n| `{field.name}` | `{written(field.default)}` | " in text


def test_every_field_of_a_scenario_is_there(text: str) -> None:
    named = {row.strip("`").partition("(")[0] for row in rows(text)}
    assert {field.name for field in attrs.fields(Scenario)} - named == set()


def test_invariants_and_checks_are_named(text: str) -> None:
    scenarios = [load_scenario(name) for name in shipped()]
    checks = {check for scenario in scenarios for check in scenario.checks}
    assert set(CHECKS) <= checks
    assert [check for check in sorted(checks) if f"`{check}`" not in text] == []


def test_every_link_leads_somewhere(text: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert "images/overlap.svg" in links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


def test_a_console_block_is_commands_and_what_they_print() -> None:
    [one, other] = exchanges("$ ls\na\nb\n$ true\n")
    assert (one.command, one.printed) == ("ls", "a\nb\n")
    assert (other.command, other.printed) == ("true", "")


def test_what_differs_from_run_to_run_is_left_out() -> None:
    assert stable("1 passed in 0.52s\n") == stable("1 passed in 1.10s\n")
    assert stable("6 seeds, 5 is the lowest that fails") == stable("7 seeds, 5 is the lowest that fails")
    assert stable("6 seeds, 5 is the lowest that fails") != stable("6 seeds, 4 is the lowest that fails")


def test_a_diff_is_applied_where_it_fits_once() -> None:
    assert patched("a\nb\nc\n", " a\n-b\n+x\n c\n") == "a\nx\nc\n"
    with pytest.raises(AssertionError, match="this is there 0 times"):
        patched("a\n", "-b\n+c\n")


def test_another_print_is_found(tmp_path: Path) -> None:
    text = "```console\n$ echo granted 3\ngranted 3\n$ seq 2\n1\n2\n```\n"
    reader = Reader(tmp_path, PAGE)
    reader.follow(text)
    assert list(differences(text, reader)) == []
    other = text.replace("granted 3\n$", "granted 2\n$").replace("\n2\n", "\n")
    assert len(list(differences(other, reader))) == 2
