"""Curves as a picture: a small chart for each, the cause in powers of ten, costs from zero.

One SVG that loads nothing and runs nothing; it follows the reader's light or dark colors.
"""

from __future__ import annotations

from math import ceil, log10
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benching.scale.curves import Cost, Curve

_PANEL: Final = (300.0, 210.0)
_LEFT, _TOP, _RIGHT, _BOTTOM = 16.0, 52.0, 20.0, 38.0
_COLUMNS: Final = 3
_STYLE: Final = """
text { font: 12px system-ui, sans-serif; fill: #444; }
.title { font-weight: 600; font-size: 13px; fill: #111; }
.axis { stroke: #999; stroke-width: 1; }
.curve { fill: none; stroke: #1b66c9; stroke-width: 2; }
.point { fill: #1b66c9; }
.paper { fill: #fff; }
@media (prefers-color-scheme: dark) {
  text { fill: #bbb; } .title { fill: #eee; } .axis { stroke: #777; } .paper { fill: #16181c; }
  .curve { stroke: #6aa9ff; } .point { fill: #6aa9ff; }
}
"""


def write_svg(file: Path, curves: Sequence[Curve]) -> None:
    """Draw every cost of every curve."""
    panels = [(curve, cost) for curve in curves for cost in curve.costs]
    width = _PANEL[0] * min(_COLUMNS, len(panels))
    height = _PANEL[1] * ceil(len(panels) / _COLUMNS)
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{_STYLE}</style>"]
    parts.append(f'<rect class="paper" width="{width:g}" height="{height:g}"/>')
    for number, (curve, cost) in enumerate(panels):
        x, y = number % _COLUMNS * _PANEL[0], number // _COLUMNS * _PANEL[1]
        parts += [f'<g transform="translate({x:g} {y:g})">', *_panel(curve, cost), "</g>"]
    file.write_text("\n".join([*parts, "</svg>", ""]), "utf-8")


def _panel(curve: Curve, cost: Cost) -> Iterator[str]:
    bottom, right = _PANEL[1] - _BOTTOM, _PANEL[0] - _RIGHT
    yield _text(_LEFT, 22, cost.title, "title")
    yield _text(_LEFT, 38, f"by {curve.cause}")
    yield f'<path class="axis" d="M{_LEFT:g} {bottom:g}H{right:g}"/>'
    points = [(row["cause"], row[cost.key]) for row in curve.rows]
    places = _places(points, bottom, right)
    yield f'<path class="curve" d="M{" ".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'
    for (cause, value), (x, y) in zip(points, places, strict=True):
        yield f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        anchor = "start" if x < _LEFT + 24 else "end" if x > right - 24 else "middle"
        yield _text(x, y - 8, f"{value:,.{cost.digits}f}", anchor=anchor)
        yield _text(x, bottom + 18, short(cause), anchor=anchor)


def short(count: float) -> str:
    """Return a round number in few letters: 300, 10k, 1M."""
    for unit, letter in ((1_000_000, "M"), (1000, "k")):
        if count >= unit:
            return f"{count / unit:g}{letter}"
    return f"{count:g}"


def _places(points: Sequence[tuple[float, float]], bottom: float, right: float) -> list[tuple[float, float]]:
    """Return where points are in a panel."""
    first, last = log10(points[0][0]), log10(points[-1][0])
    most = max(value for _, value in points) or 1.0
    return [
        (
            _LEFT
            + 4
            + (right - _LEFT - 8) * ((log10(cause) - first) / (last - first) if last > first else 0.5),
            bottom - (bottom - _TOP - 14) * value / most,
        )
        for cause, value in points
    ]


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'
