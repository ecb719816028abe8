"""Curves as text, as Markdown, and what has grown faster than its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benching.scale.curves import Curve

BEGIN: Final = "<!-- written by scripts/bench/scale -->"
END: Final = "<!-- end -->"


def cells(curve: Curve) -> list[list[str]]:
    """Return a curve's table: the heading, its rows, and the powers of the cause."""
    heading = [curve.cause, *(cost.title for cost in curve.costs)]
    rows = [
        [f"{row['cause']:,.0f}", *(f"{row[cost.key]:,.{cost.digits}f}" for cost in curve.costs)]
        for row in curve.rows
    ]
    powers = curve.powers()
    last = [
        "grows with power",
        *(f"{powers[cost.key]:.2f}" if cost.key in powers else "" for cost in curve.costs),
    ]
    return [heading, *rows, *([last] if powers else [])]


def text(curves: Sequence[Curve]) -> str:
    """Return the tables for a terminal."""
    lines = []
    for curve in curves:
        table = cells(curve)
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines += ["", f"{curve.title}: {curve.about}"]
        lines += [
            "  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
            for row in table
        ]
    return "\n".join([*lines, "", *verdict(curves)]).lstrip("\n")


def verdict(curves: Sequence[Curve]) -> list[str]:
    """Return whether anything grows faster than its cause."""
    steep = [words for curve in curves for words in curve.too_steep()]
    return steep or ["nothing grows faster than its cause"]


def markdown(curves: Sequence[Curve], about: str) -> str:
    """Return the tables for a document; `about` tells of the machine."""
    lines = [about, ""]
    for curve in curves:
        heading, *rows = cells(curve)
        lines += [f"### {curve.title}", "", f"{curve.about[0].upper()}{curve.about[1:]}.", ""]
        lines += [_line(heading), "|" + " ---: |" * len(heading), *map(_line, rows), ""]
    return "\n".join(lines)


def _line(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"


def put_into(file: Path, made: str) -> None:
    """Replace what stands between the markers of a document."""
    before, begin, rest = file.read_text("utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise HerdError(f"{file} has no lines {BEGIN!r} and {END!r}: tables are written between them")
    file.write_text(f"{before}{BEGIN}\n\n{made.strip()}\n\n{END}{after}", "utf-8")
