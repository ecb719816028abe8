"""Draws in words: `LABEL#N=VALUE` gives the draw number N (from 0) of the stream LABEL another value.

A value is the 64 bits of a draw as a whole number (`0xffffffffffffffff`, `17`), or where it lies among all
that could be drawn, from 0.0 (the lowest) to 1.0 (the highest).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    Draw = tuple[str, int, int]
    """Label, number and value."""

_BITS: Final = 64
_HIGHEST: Final = (1 << _BITS) - 1
_OVERRIDE: Final = re.compile(r"(?P<label>.+)#(?P<number>\d+)=(?P<value>[^=]+)", re.DOTALL)


class TapeError(ValueError):
    """Text that is no override; one line that says how one is written."""


def place(label: str, number: int) -> str:
    """Return how a draw is called."""
    return f"{label}#{number}"


def read_override(text: str) -> tuple[tuple[str, int], int]:
    """Return label and number of a draw, and its value; a `TapeError` for what is no override."""
    match = _OVERRIDE.fullmatch(text)
    if match is None:
        raise TapeError(
            f"{text!r} is no LABEL#N=VALUE, such as 'faults#0=0.5': draw 0 of `faults` is the middle one"
        )
    return (match["label"], int(match["number"])), _value(match["value"].strip(), text)


def _value(value: str, text: str) -> int:
    try:
        whole = int(value, 0)
    except ValueError:
        whole = -1
    if 0 <= whole <= _HIGHEST:
        return whole
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if "." in value and 0.0 <= share <= 1.0:
        return min(round(share * (1 << _BITS)), _HIGHEST)
    raise TapeError(f"{text!r}: {value} is neither a number of 64 bits nor one from 0.0 to 1.0")


def write(file: Path, draws: Iterable[Draw]) -> None:
    """Write draws as JSON lines: label, number, value as `--set` takes it, and the share of the range."""
    with file.open("w", encoding="utf-8") as out:
        out.writelines(_lines(draws))


def _lines(draws: Iterable[Draw]) -> Iterator[str]:
    for label, number, value in draws:
        told = {"label": label, "number": number, "value": f"{value:#018x}", "share": value / (1 << _BITS)}
        yield json.dumps(told) + "\n"


def undrawn(overrides: Mapping[tuple[str, int], int], draws: Iterable[Draw]) -> Iterator[str]:
    """Say of each override whose draw never came why not."""
    counts: dict[str, int] = {}
    for label, number, _ in draws:
        counts[label] = max(counts.get(label, 0), number + 1)
    for label, number in overrides:
        count = counts.get(label, 0)
        if not count:
            yield f"no stream {label!r} was drawn from"
        elif number >= count:
            yield f"{place(label, number)} was never drawn: {label!r} ends with #{count - 1}"
