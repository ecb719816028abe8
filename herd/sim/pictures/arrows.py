"""The arrows of a space-time diagram, with their labels."""

from __future__ import annotations

from itertools import pairwise
from math import atan2, cos, sin
from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.sim.engine.trace import Kind
from herd.sim.pictures.colors import OTHERS
from herd.sim.pictures.labels import Label, Labels, Line
from herd.sim.pictures.messages import Fate, Message
from herd.sim.pictures.paper import group, number, path
from herd.sim.pictures.scene import OPENING, Arrow
from herd.sim.pictures.words import detail, readable, seconds, whose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.sim.pictures.layout import Layout

_TIP_PX: Final = 8.5
_TIP_ANGLE: Final = 0.36
_DOT_PX: Final = 2.2
_CROSS_PX: Final = 5.0
_LOST_AT: Final = 0.62
_FADES_AT: Final = 0.72
_LOOP_PX: Final = 34.0
_GAP_PX: Final = 13.0
_MOST_TITLES: Final = 8
_NS_PER_MS: Final = 1_000_000


@frozen
class Drawn:
    """The shape of an arrow, and its label, with the classes of the label, if there is room for one."""

    shape: str
    label: Label | None
    classes: str


class Arrows:
    """Draws arrows; it knows which color each look has."""

    def __init__(self, layout: Layout, labels: Labels, colors: Mapping[str, str]) -> None:
        self._layout = layout
        self._labels = labels
        self._colors = colors

    def draw(self, arrow: Arrow) -> Drawn:
        """Draw an arrow."""
        line = self._line(arrow)
        classes = [self._colors.get(arrow.look, OTHERS)]
        if arrow.is_datagram:
            classes.append("datagram")
        if arrow.fate is Fate.LOST:
            classes.append("lost")
        elif arrow.fate is Fate.OPEN:
            classes.append("open")
        drawn, wide = _shape(arrow, line)
        parts = [f'<path class="wide" d="{wide}"/>', drawn]
        if arrow.sender != arrow.receiver:
            parts.append(f'<circle cx="{number(line.x1)}" cy="{number(line.y1)}" r="{_DOT_PX}"/>')
        shape = group(" ".join(["m", *classes]), _title(arrow), *parts)
        return Drawn(shape, self._label(arrow, line), " ".join(["label", *classes]))

    def _line(self, arrow: Arrow) -> Line:
        scale = self._layout.scale
        x1, x2 = self._layout.columns[arrow.sender], self._layout.columns[arrow.receiver]
        y1 = scale.y(arrow.start_ns)
        if arrow.end_ns is not None and arrow.has_arrived:
            return Line(x1, y1, x2, scale.y(arrow.end_ns))
        share = _LOST_AT if arrow.fate is Fate.LOST else _FADES_AT
        y2 = y1 + scale.slope(self._layout.typical_ns)
        return Line(x1, y1, x1 + (x2 - x1) * share, y1 + (y2 - y1) * share)

    def _label(self, arrow: Arrow, line: Line) -> Label | None:
        words = _words(arrow)
        if not words or arrow.sender == arrow.receiver:
            return None
        if arrow.is_round_trip and arrow.fate is not Fate.LOST:
            line = Line(line.x1, line.y1, line.x2, (line.y1 + line.y2) / 2)
        return self._labels.along(line, words, self._gaps(line))

    def _gaps(self, line: Line) -> list[tuple[float, float]]:
        """Return the stretches of a line between neighboring columns, within the plot; the sender's first."""
        left, right = min(line.x1, line.x2), max(line.x1, line.x2)
        stops = sorted({left, right, *(x for x in self._layout.columns.values() if left < x < right)})
        gaps = [(begin + _GAP_PX, end - _GAP_PX) for begin, end in pairwise(stops)]
        gaps = [(begin, end) for begin, end in gaps if end > begin and self._is_inside(line, begin, end)]
        return gaps if line.x1 < line.x2 else gaps[::-1]

    def _is_inside(self, line: Line, left: float, right: float) -> bool:
        slope = (line.y2 - line.y1) / (line.x2 - line.x1)
        ends = [line.y1 + slope * (x - line.x1) for x in (left, right)]
        return min(ends) > self._layout.top and max(ends) < self._layout.bottom


def _shape(arrow: Arrow, line: Line) -> tuple[str, str]:
    """Return the line with its end, and the data of the path under which it is found."""
    if arrow.sender == arrow.receiver:
        aside = number(line.x1 + _LOOP_PX)
        loop = f"M{number(line.x1)} {number(line.y1)}C{aside} {number(line.y1)} {aside} {number(line.y2)}"
        loop += f" {number(line.x2)} {number(line.y2)}"
        return f'<path d="{loop}"/>', loop
    if arrow.fate is Fate.LOST:
        return _plain(line) + _cross(line), path((line.x1, line.y1), (line.x2, line.y2))
    if arrow.fate is Fate.OPEN:
        return _plain(line), path((line.x1, line.y1), (line.x2, line.y2))
    if arrow.is_round_trip:
        turn = (line.x2, (line.y1 + line.y2) / 2)
        data = path((line.x1, line.y1), turn, (line.x1, line.y2))
        back = Line(*turn, line.x1, line.y2)
        return f'<path d="{data}"/>' + _tip(back), data
    return _plain(line) + _tip(line), path((line.x1, line.y1), (line.x2, line.y2))


def _words(arrow: Arrow) -> str:
    first = arrow.messages[0]
    if first.sent.kind in {Kind.CONNECT, Kind.RESET, Kind.FIN}:
        return {Kind.CONNECT: "connect", Kind.RESET: "reset", Kind.FIN: "close"}[first.sent.kind]
    if arrow.look == OPENING or not first.begins or not first.size:
        return ""
    times = f"{len(arrow.messages)} x " if len(arrow.messages) > 1 else ""
    lines = first.sent.data.splitlines()
    said = " ↵ ".join(readable(each) for each in lines) if lines else f"{first.sent.size} B"
    return times + said


def _title(arrow: Arrow) -> str:
    titles = [_title_of(message) for message in arrow.messages[:_MOST_TITLES]]
    if len(arrow.messages) > _MOST_TITLES:
        titles.append(f"and {len(arrow.messages) - _MOST_TITLES} more")
    return "\n\n".join(titles)


def _title_of(message: Message) -> str:
    sent, arrived = message.sent, message.arrived
    begin = f"{seconds(sent.time_ns)} s  {whose(sent)}  {sent.kind.name} {detail(sent)}".rstrip()
    if arrived is not None:
        size = f" {message.size} B" if message.size else ""
        took_ms = (arrived.time_ns - sent.time_ns) / _NS_PER_MS
        end = f"{seconds(arrived.time_ns)} s  {arrived.host}  {arrived.kind.name}{size}"
        return f"{begin}\n{end}, after {took_ms:.3f} ms"
    if sent.kind is Kind.LOST:
        return f"{begin}\nlost on the way: it will be sent again"
    if message.fate is Fate.LOST:
        return f"{begin}\n{message.size} B never reach {sent.peer}"
    return f"{begin}\nnot arrived by the end of this picture"


def _plain(line: Line) -> str:
    return f'<path d="{path((line.x1, line.y1), (line.x2, line.y2))}"/>'


def _tip(line: Line) -> str:
    angle = atan2(line.y2 - line.y1, line.x2 - line.x1)
    wings = [
        (line.x2 - _TIP_PX * cos(angle + turn), line.y2 - _TIP_PX * sin(angle + turn))
        for turn in (_TIP_ANGLE, -_TIP_ANGLE)
    ]
    return f'<path class="tip" d="{path((line.x2, line.y2), *wings)}Z"/>'


def _cross(line: Line) -> str:
    x, y, arm = line.x2, line.y2, _CROSS_PX
    data = path((x - arm, y - arm), (x + arm, y + arm)) + path((x - arm, y + arm), (x + arm, y - arm))
    return f'<path class="cross" d="{data}"/>'
