"""The plot of a space-time diagram: names, lines of life, faults, folds, and what happens between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine.trace import Kind
from herd.sim.engine.tracefile import NS_PER_S
from herd.sim.pictures.arrows import Arrows
from herd.sim.pictures.labels import CHARACTER_PX, Labels
from herd.sim.pictures.marks import label, mark
from herd.sim.pictures.paper import group, line, path, rectangle, text
from herd.sim.pictures.words import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from herd.sim.engine.tracefile import Event
    from herd.sim.pictures.labels import Label
    from herd.sim.pictures.layout import Layout
    from herd.sim.pictures.lifelines import Band
    from herd.sim.pictures.scene import Scene
    from herd.sim.pictures.timescale import Piece

_NAME_PX: Final = 24.0
_NAME_CHARACTER_PX: Final = 8.2
_BAND_SHARE: Final = 0.6
_AGAIN_PX: Final = 800.0
_BESIDE_PX: Final = 11.0
_FOLD_EDGE_PX: Final = 9.0
_WAVE_PX: Final = 10.0
_LONG_NS: Final = 100 * NS_PER_S


class Plot:
    """Draws what lies under the head."""

    def __init__(self, scene: Scene, layout: Layout, colors: Mapping[str, str]) -> None:
        self._scene = scene
        self._layout = layout
        self._labels = Labels()
        self._arrows = Arrows(layout, self._labels, colors)

    def draw(self) -> Iterator[str]:
        """Yield the elements, those first that lie under others."""
        layout = self._layout
        height = layout.bottom - layout.top
        box = rectangle(0, layout.top, layout.right + 6, height)
        yield f'<clipPath id="plot">{box}</clipPath>'
        yield from self._axis()
        yield from map(self._band, self._scene.bands)
        yield from self._lives()
        yield from (self._fold(piece) for piece in layout.scale.pieces if piece.is_fold)
        yield from self._names_again()
        yield '<g clip-path="url(#plot)">'
        marks = [self._mark_label(event) for event in self._scene.marks]
        drawn = [self._arrows.draw(arrow) for arrow in self._scene.arrows]
        yield from (each.shape for each in drawn)
        yield "</g>"
        yield from (_label(*each) for each in marks if each)
        yield from (_label(each.label, each.classes) for each in drawn if each.label)
        for event in self._scene.marks:
            yield mark(event, layout.columns[event.host], layout.scale.y(event.time_ns))
        yield from self._names(layout.top - _NAME_PX / 2 - 3)
        yield from self._names(layout.bottom + _NAME_PX / 2 + 3)

    def _axis(self) -> Iterator[str]:
        layout = self._layout
        for tick in layout.scale.ticks():
            yield line(layout.left - 6, tick.y, layout.right, tick.y, "grid")
            yield text(layout.left - 12, tick.y + 3.5, tick.label, "tick end")

    def _band(self, band: Band) -> str:
        layout = self._layout
        ends = band.span.until_ns
        begin = layout.clip(band.span.from_ns)
        end = layout.bottom if ends is None else layout.clip(ends)
        half = layout.spacing * _BAND_SHARE / 2
        parts = []
        for name in band.hosts:
            x = layout.columns[name]
            side = "other" if name in band.others else "one"
            parts.append(rectangle(x - half, begin, 2 * half, max(end - begin, 1.0), side))
            parts.append(line(x - half, begin, x + half, begin, side))
        until = "the end" if ends is None else f"{seconds(ends)} s"
        return group("band", f"{band.text}\n{seconds(band.span.from_ns)} s until {until}", *parts)

    def _lives(self) -> Iterator[str]:
        layout = self._layout
        for name, x in layout.columns.items():
            yield line(x, layout.top, x, layout.bottom, "rests")
            for span in self._scene.running[name]:
                begin = layout.top if span.from_ns < self._scene.from_ns else layout.clip(span.from_ns)
                end = layout.bottom if span.until_ns is None else layout.clip(span.until_ns)
                if end > begin:
                    yield line(x, begin, x, end, "runs")

    def _fold(self, piece: Piece) -> str:
        layout = self._layout
        top, bottom = piece.from_px + _FOLD_EDGE_PX, piece.until_px - _FOLD_EDGE_PX
        left, right = layout.left - 6, layout.right
        waves = int((right - left) / _WAVE_PX)
        forth = [(left + i * _WAVE_PX, top + 3 * (i % 2)) for i in range(waves + 1)]
        back = [(left + i * _WAVE_PX, bottom + 3 * (i % 2)) for i in range(waves, -1, -1)]
        took = f"{_duration(piece.until_ns - piece.from_ns)} with nothing to show"
        middle = (top + bottom) / 2 + 5
        return "".join(
            (
                f'<path class="fold" d="{path(*forth, *back)}Z"/>',
                f'<path class="edge" d="{path(*forth)}{path(*back)}"/>',
                text((left + right) / 2, middle, took, "tick middle"),
            )
        )

    def _names(self, y: float) -> Iterator[str]:
        for name, x in self._layout.columns.items():
            width = min(len(name) * _NAME_CHARACTER_PX + 22, self._layout.spacing - 8)
            yield rectangle(x - width / 2, y - _NAME_PX / 2, width, _NAME_PX, "box")
            fitting = int((width - 12) / _NAME_CHARACTER_PX)
            shown = name if len(name) <= fitting + 1 else name[:fitting] + "…"
            yield text(x, y + 4.5, shown, "name")

    def _names_again(self) -> Iterator[str]:
        """Yield the names within a picture that is higher than a screen."""
        layout = self._layout
        wanted = layout.top + _AGAIN_PX
        while wanted < layout.bottom - _AGAIN_PX / 3:
            y = layout.scale.beside_folds(wanted)
            for name, x in layout.columns.items():
                yield text(x, y, name, "again")
            wanted += _AGAIN_PX

    def _mark_label(self, event: Event) -> tuple[Label, str] | None:
        words, classes = label(event)
        if event.kind is Kind.START:  # on all hosts at once, and seldom news
            words = words[: int((self._layout.spacing - 2 * _BESIDE_PX) / CHARACTER_PX)]
        x, y = self._layout.columns[event.host] + _BESIDE_PX, self._layout.scale.y(event.time_ns) + 3.2
        placed = self._labels.beside(x, y, words)
        return (placed, classes) if placed else None


def _label(placed: Label, classes: str) -> str:
    return text(placed.x, placed.y, placed.text, classes, placed.degrees)


def _duration(time_ns: int) -> str:
    """Return a duration with three digits that count."""
    return f"{time_ns / NS_PER_S:.3g} s" if time_ns < _LONG_NS else f"{time_ns / NS_PER_S:,.0f} s"
