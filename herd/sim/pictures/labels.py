"""Labels along lines, where there is room: one is placed only if it covers no other."""

from __future__ import annotations

from math import atan2, cos, degrees, floor, hypot, sin
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

CHARACTER_PX: Final = 5.72
"""The width of a character of the labels: a monospaced font of 9.5 px."""
_LIFT_PX: Final = 3.5
_CLEAR_PX: Final = 9.0
_STEP_PX: Final = 7.0
_LEAST: Final = 6


@frozen
class Label:
    """A text whose baseline begins at (x, y), turned clockwise by `degrees`."""

    x: float
    y: float
    degrees: float
    text: str


@frozen
class Line:
    """A straight line between two points."""

    x1: float
    y1: float
    x2: float
    y2: float


class Labels:
    """All labels of a picture."""

    def __init__(self) -> None:
        self._taken: dict[tuple[int, int], list[tuple[float, float]]] = {}

    def along(self, line: Line, text: str, places: list[tuple[float, float]]) -> Label | None:
        """Place a text above a line, in the first free one of `places`: from x to x, both on the line.

        A text that is too long for its place is cut; None if there is no room for a few characters.
        """
        angle = atan2(line.y2 - line.y1, line.x2 - line.x1)
        if line.x2 < line.x1:  # to be read from left to right
            angle = atan2(line.y1 - line.y2, line.x1 - line.x2)
        for left, right in places:
            room = floor((right - left) / max(cos(angle), 0.2) / CHARACTER_PX)
            if room < min(_LEAST, len(text)):
                continue
            cut = text if len(text) <= room else text[: room - 1] + "…"
            start = left + ((right - left) - len(cut) * CHARACTER_PX * cos(angle)) / 2
            y = line.y1 + (start - line.x1) / (line.x2 - line.x1) * (line.y2 - line.y1)
            label = Label(start + _LIFT_PX * sin(angle), y - _LIFT_PX * cos(angle), degrees(angle), cut)
            if self._take(label, angle):
                return label
        return None

    def beside(self, x: float, y: float, text: str) -> Label | None:
        """Place a text to the right of a point; None if another label is there."""
        label = Label(x, y, 0.0, text)
        return label if self._take(label, 0.0) else None

    def _take(self, label: Label, angle: float) -> bool:
        points = list(_points(label, angle))
        if any(self._is_taken(x, y) for x, y in points):
            return False
        for x, y in points:
            self._taken.setdefault(_cell(x, y), []).append((x, y))
        return True

    def _is_taken(self, x: float, y: float) -> bool:
        column, row = _cell(x, y)
        return any(
            hypot(x - other_x, y - other_y) < _CLEAR_PX
            for near_column in (column - 1, column, column + 1)
            for near_row in (row - 1, row, row + 1)
            for other_x, other_y in self._taken.get((near_column, near_row), ())
        )


def _points(label: Label, angle: float) -> Iterator[tuple[float, float]]:
    length = len(label.text) * CHARACTER_PX
    for step in range(floor(length / _STEP_PX) + 1):
        along = step * _STEP_PX
        yield label.x + along * cos(angle), label.y + along * sin(angle)


def _cell(x: float, y: float) -> tuple[int, int]:
    return floor(x / _CLEAR_PX), floor(y / _CLEAR_PX)
