"""Where things are: a column for each host, time downwards, room for what is told at the right."""

from __future__ import annotations

from statistics import median_low
from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.sim.pictures.messages import Fate
from herd.sim.pictures.timescale import TimeScale

if TYPE_CHECKING:
    from herd.sim.pictures.scene import Scene

AXIS_PX: Final = 104.0
NAMES_PX: Final = 30.0
TELL_PX: Final = 330.0
_MARGIN_PX: Final = 28.0
_LEAST_PX: Final = 760.0
_WIDEST_PX: Final = 236.0
_NARROWEST_PX: Final = 104.0
_PLOT_PX: Final = 1240.0
_BEFORE_PX: Final = 18.0
_TYPICAL_NS: Final = 10_000_000
"""How long a message takes where the picture has none to measure."""


@frozen
class Layout:
    """Pixels: the plot lies between `left` and `right`, `top` and `bottom`; `tell` is where words begin."""

    columns: dict[str, float]
    spacing: float
    left: float
    right: float
    tell: float
    width: float
    top: float
    scale: TimeScale
    typical_ns: int

    @property
    def bottom(self) -> float:
        """Where the plot ends."""
        return self.scale.bottom + _BEFORE_PX

    def clip(self, time_ns: int) -> float:
        """Return where a moment is, on the edge of the plot if it is outside."""
        return min(max(self.scale.y(time_ns), self.top), self.bottom)


def picture_width(scene: Scene) -> float:
    """Return how wide the picture of a scene is."""
    right = AXIS_PX + max(len(scene.hosts), 1) * _spacing(scene)
    return max(right + (TELL_PX if scene.told or scene.bands else _MARGIN_PX), _LEAST_PX)


def lay_out(scene: Scene, top: float) -> Layout:
    """Return the layout of a scene whose names of hosts begin at `top`."""
    spacing = _spacing(scene)
    right = AXIS_PX + max(len(scene.hosts), 1) * spacing
    columns = {name: AXIS_PX + (index + 0.5) * spacing for index, name in enumerate(scene.hosts)}
    typical_ns = _typical_ns(scene)
    top += NAMES_PX
    scale = TimeScale(
        _moments(scene, typical_ns), typical_ns, len(scene.arrows) + len(scene.marks), top + _BEFORE_PX
    )
    return Layout(
        columns, spacing, AXIS_PX, right, right + _MARGIN_PX, picture_width(scene), top, scale, typical_ns
    )


def _spacing(scene: Scene) -> float:
    return min(max(_PLOT_PX / max(len(scene.hosts), 1), _NARROWEST_PX), _WIDEST_PX)


def _typical_ns(scene: Scene) -> int:
    took = [
        arrow.end_ns - arrow.start_ns
        for arrow in scene.arrows
        if arrow.end_ns is not None and arrow.fate is Fate.ARRIVED and arrow.end_ns > arrow.start_ns
    ]
    return median_low(took) if took else _TYPICAL_NS


def _moments(scene: Scene, typical_ns: int) -> list[int]:
    """Return the moments at which something is drawn, the corners and ends of arrows among them."""
    moments = [scene.from_ns, scene.until_ns]
    moments += [event.time_ns for event in (*scene.marks, *scene.told)]
    for band in scene.bands:
        moments += (
            [band.span.from_ns] if band.span.until_ns is None else [band.span.from_ns, band.span.until_ns]
        )
    for arrow in scene.arrows:
        moments.append(arrow.start_ns)
        if arrow.end_ns is not None:
            moments.append(arrow.end_ns)
        if arrow.end_ns is not None and arrow.is_round_trip:
            moments.append((arrow.start_ns + arrow.end_ns) // 2)
    within = [moment for moment in moments if scene.from_ns <= moment <= scene.until_ns]
    # What does not arrive is drawn as long as a typical message, below the end of the scene if need be.
    unfinished = [arrow.start_ns + typical_ns for arrow in scene.arrows if not arrow.has_arrived]
    return within + [moment for moment in unfinished if moment >= scene.from_ns]
