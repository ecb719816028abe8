"""Draws in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from herd.sim.explore.tapes import TapeError, read_override, undrawn, write

if TYPE_CHECKING:
    from pathlib import Path

HIGHEST = 2**64 - 1


@pytest.mark.parametrize(
    ("text", "label", "number", "value"),
    [
        ("faults#0=0.5", "faults", 0, 1 << 63),
        ("faults#0=0.0", "faults", 0, 0),
        ("faults#0=1.0", "faults", 0, HIGHEST),
        ("faults#12=1", "faults", 12, 1),
        ("link a>b#3=0xffffffffffffffff", "link a>b", 3, HIGHEST),
        ("a#b=c#3=17", "a#b=c", 3, 17),
    ],
)
def test_an_override_is_read(text: str, label: str, number: int, value: int) -> None:
    assert read_override(text) == ((label, number), value)


@pytest.mark.parametrize("text", ["faults", "faults=0.5", "#0=0.5", "faults#x=1", "faults#0="])
def test_what_is_no_override_says_how_one_is_written(text: str) -> None:
    with pytest.raises(TapeError, match=r"is no LABEL#N=VALUE, such as 'faults#0=0\.5'"):
        read_override(text)


@pytest.mark.parametrize("value", ["-1", "1.5", str(2**64), "half", "nan"])
def test_a_value_is_64_bits_or_a_share(value: str) -> None:
    with pytest.raises(TapeError, match=r"is neither a number of 64 bits nor one from 0\.0 to 1\.0"):
        read_override(f"faults#0={value}")


def test_a_tape_is_written_so_that_a_line_can_be_set(tmp_path: Path) -> None:
    write(tmp_path / "tape", [("faults", 0, 1 << 63), ("link a>b", 7, HIGHEST)])
    told = [json.loads(line) for line in (tmp_path / "tape").read_text().splitlines()]
    assert told == [
        {"label": "faults", "number": 0, "value": "0x8000000000000000", "share": 0.5},
        {"label": "link a>b", "number": 7, "value": "0xffffffffffffffff", "share": 1.0},
    ]
    assert read_override(f"{told[1]['label']}#{told[1]['number']}={told[1]['value']}") == (
        ("link a>b", 7),
        HIGHEST,
    )


def test_an_override_that_nothing_draws_is_told() -> None:
    draws = [("faults", 0, 1), ("faults", 1, 1)]
    overrides = {("faults", 1): 5, ("faults", 2): 5, ("fault", 0): 5}
    assert list(undrawn(overrides, draws)) == [
        "faults#2 was never drawn: 'faults' ends with #1",
        "no stream 'fault' was drawn from",
    ]
