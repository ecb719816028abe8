"""Faults and steps of the workload in words, at the right of a space-time diagram, each at its time."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

from herd.sim.engine.trace import Kind
from herd.sim.pictures.paper import group, path, text
from herd.sim.pictures.words import readable, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.pictures.layout import Layout
    from herd.sim.pictures.scene import Scene

_LINE_PX: Final = 15.0
_FARTHEST_PX: Final = 150.0
_LONGEST: Final = 48
_MOST_LINES: Final = 3
_CLASSES: Final = {Kind.FAULT: "told fault", Kind.HEAL: "told heal", Kind.STEP: "told step"}
_BEGINNINGS: Final = {Kind.FAULT: "⚡ ", Kind.HEAL: "✓ ends: ", Kind.STEP: "▸ "}


def tell(scene: Scene, layout: Layout) -> Iterator[str]:
    """Yield the words; where many come at once they move down, and what finds no room is only a dot."""
    free = layout.top
    for y, classes, words, full in _sayings(scene, layout):
        place = max(y, free)
        lines = wrap(words, _LONGEST, max_lines=_MOST_LINES, placeholder=" …", subsequent_indent="    ")
        points = [
            (layout.right + 4, y),
            (layout.right + 10, y),
            (layout.tell - 6, place),
            (layout.tell - 2, place),
        ]
        if place - y > _FARTHEST_PX:
            dot = f'<circle cx="{layout.right + 7:.0f}" cy="{y:.0f}" r="2"/>'
            yield group(classes, full, dot)
            continue
        said = [text(layout.tell, place + 4 + _LINE_PX * i, each, "small") for i, each in enumerate(lines)]
        yield group(classes, full, f'<path d="{path(*points)}"/>', *said)
        free = place + _LINE_PX * len(lines)


def _sayings(scene: Scene, layout: Layout) -> Iterator[tuple[float, str, str, str]]:
    for band in scene.bands:
        if band.span.from_ns < scene.from_ns:
            since = f"since {seconds(band.span.from_ns)} s"
            yield layout.top, "told fault", f"⚡ {since}: {band.text}", f"{since}\n{band.text}"
    for event in scene.told:
        words = readable(event.data)
        y = layout.scale.y(event.time_ns)
        full = f"{seconds(event.time_ns)} s  {event.kind.name}\n{words}"
        yield y, _CLASSES[event.kind], _BEGINNINGS[event.kind] + words, full
