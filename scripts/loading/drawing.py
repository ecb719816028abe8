"""Line charts in SVG, by hand: a panel with a title, labeled axes with round ticks, lines and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import floor, log10
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH: Final = 920
PANEL_HEIGHT: Final = 320
LEFT: Final = 84
RIGHT: Final = 24
TOP: Final = 62
BOTTOM: Final = 56
COLORS: Final = ("#0b62a4", "#d1495b", "#2a9d5c", "#b8860b", "#7b4fa3", "#3a8fa8", "#8a5a3b", "#666f7a")
"""Dark enough for thin lines on white; neighbors differ in lightness too, for whoever sees no hue."""

_STYLE: Final = (
    "text{font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1d2733}"
    ".heading{font-size:20px;font-weight:600}.detail{font-size:12.5px;fill:#4b5866}"
    ".title{font-size:15px;font-weight:600}.tick,.legend{font-size:12px;fill:#3c4854}"
    ".label{font-size:12.5px;fill:#3c4854}.grid{stroke:#e3e7eb}.axis{stroke:#7c8894}"
)
_TICKS: Final = 5
_UPWARD: Final = "label upward"
"""The kind of text that runs along the left axis."""
_CHARACTER: Final = 7.0


@frozen(kw_only=True)
class Tick:
    """A mark on an axis: where, from 0 to 1, and what stands there."""

    at: float
    text: str


@frozen(kw_only=True)
class Line:
    """A line: pairs from 0 to 1 along both axes."""

    name: str
    points: Sequence[tuple[float, float]]
    color: str
    width: float = 1.8
    is_dashed: bool = False


@frozen(kw_only=True)
class Panel:
    """A chart."""

    title: str
    x_label: str
    y_label: str
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    lines: Sequence[Line]

    def svg(self, top: float) -> Iterator[str]:
        """Yield the elements of the chart, whose upper edge is at `top`."""
        plot_width, plot_height = WIDTH - LEFT - RIGHT, PANEL_HEIGHT - TOP - BOTTOM
        base = top + TOP + plot_height

        def x(at: float) -> float:
            return LEFT + at * plot_width

        def y(at: float) -> float:
            return base - at * plot_height

        yield _text(LEFT, top + 18, self.title, "title")
        yield from self._legend(top + 40)
        for tick in self.y_ticks:
            yield _rule(LEFT, y(tick.at), x(1), y(tick.at), "grid")
            yield _text(LEFT - 8, y(tick.at) + 4, tick.text, "tick", "end")
        for tick in self.x_ticks:
            yield _rule(x(tick.at), base, x(tick.at), base + 5, "axis")
            yield _text(x(tick.at), base + 19, tick.text, "tick", "middle")
        yield _rule(LEFT, base, x(1), base, "axis")
        yield _text(LEFT + plot_width / 2, base + 42, self.x_label, "label", "middle")
        middle = top + TOP + plot_height / 2
        yield _text(22, middle, self.y_label, _UPWARD, "middle")
        for line in self.lines:
            points = " ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in line.points)
            dashes = ' stroke-dasharray="6 4"' if line.is_dashed else ""
            yield (
                f'<polyline fill="none" stroke="{line.color}" stroke-width="{line.width}" '
                f'stroke-linejoin="round"{dashes} points="{points}"/>'
            )

    def _legend(self, at: float) -> Iterator[str]:
        left = float(LEFT)
        for line in self.lines:
            dashes = ' stroke-dasharray="6 4"' if line.is_dashed else ""
            yield (
                f'<path d="M{left:.1f} {at - 4:.1f}h22" stroke="{line.color}" '
                f'stroke-width="{line.width + 0.8:.1f}"{dashes}/>'
            )
            yield _text(left + 28, at, line.name, "legend")
            left += 28 + _CHARACTER * len(line.name) + 22


def document(heading: str, details: Sequence[str], panels: Sequence[Panel]) -> str:
    """Return a whole SVG: a heading, lines of details, and panels below one another."""
    head = 52 + 18 * len(details)
    height = head + PANEL_HEIGHT * len(panels)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(heading)}">'
        ),
        f"<style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(LEFT, 34, heading, "heading"),
        *(_text(LEFT, 56 + 18 * row, each, "detail") for row, each in enumerate(details)),
    ]
    for number, panel in enumerate(panels):
        parts += panel.svg(head + PANEL_HEIGHT * number)
    return "\n".join([*parts, "</svg>", ""])


def round_ticks(most: float) -> tuple[float, list[Tick]]:
    """Return a round end of an axis that begins at 0 and holds `most`, and some five ticks on it."""
    most = most if most > 0 else 1.0
    rough = most / _TICKS
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    count = int(-(-most // step)) or 1
    end = count * step
    return end, [Tick(at=number / count, text=_number(number * step)) for number in range(count + 1)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 or value == int(value) else f"{value:.4g}"  # noqa: PLR2004


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    turned = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if kind == _UPWARD else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turned}'
    return f'<text class="{kind}" {place}>{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
