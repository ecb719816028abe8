"""What the colors and marks of a space-time diagram mean: only what is there is explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine.trace import Kind
from herd.sim.pictures.colors import COLORS, OTHERS, ranked
from herd.sim.pictures.messages import Fate
from herd.sim.pictures.paper import line, number, path, rectangle, text
from herd.sim.pictures.scene import BYTES, CLOSING, OPENING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from herd.sim.pictures.scene import Scene

_SAMPLE_PX: Final = 30.0
_CHARACTER_PX: Final = 6.6
_BETWEEN_PX: Final = 24.0
_ROW_PX: Final = 21.0
_WORDS: Final = {BYTES: "other bytes", OPENING: "opens a connection", CLOSING: "closes a connection"}


def legend(
    scene: Scene, colors: Mapping[str, str], top: float, left: float, right: float
) -> tuple[list[str], float]:
    """Return the legend between `left` and `right`, and where it ends."""
    drawn = []
    x, y = left, top
    for sample, words in _entries(scene, colors):
        width = _SAMPLE_PX + 8 + len(words) * _CHARACTER_PX
        if x > left and x + width > right:
            x, y = left, y + _ROW_PX
        drawn.append(f'<g transform="translate({number(x)} {number(y)})">{sample}</g>')
        drawn.append(text(x + _SAMPLE_PX + 8, y + 4, words, "soft"))
        x += width + _BETWEEN_PX
    return drawn, y + _ROW_PX


def _entries(scene: Scene, colors: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    looks = ranked(scene.arrows)
    for look, count in looks:
        if look in colors:
            yield _arrow(colors[look]), f"{_WORDS.get(look, look)} ({count:,})"
    others = sum(count for look, count in looks if look not in colors)
    if others:
        yield _arrow(OTHERS), f"all beyond {COLORS} words ({others:,})"
    if any(arrow.is_datagram for arrow in scene.arrows):
        yield _arrow(f"{OTHERS} datagram"), "datagram"
    lost = sum(len(arrow.messages) for arrow in scene.arrows if arrow.fate is Fate.LOST)
    if lost:
        cross = f'<path class="cross" d="{path((18, -5), (28, 5))}{path((18, 5), (28, -5))}"/>'
        yield f'<g class="m lost"><path d="M0 0L23 0"/>{cross}</g>', f"lost ({lost:,})"
    if any(arrow.fate is Fate.OPEN for arrow in scene.arrows):
        yield '<g class="m open"><path d="M0 0L30 0"/></g>', "not arrived by the end of the picture"
    yield from _marks(scene)
    if scene.bands:
        yield f'<g class="band">{_patch(0, "one")}</g>', "fault"
    if any(band.others for band in scene.bands):
        yield f'<g class="band">{_patch(0, "one", 13)}{_patch(17, "other", 13)}</g>', "its two sides"


def _marks(scene: Scene) -> Iterator[tuple[str, str]]:
    kinds = {mark.kind for mark in scene.marks}
    if Kind.START in kinds:
        yield f'<path class="starts" d="{path((12, -6), (23, 0), (12, 6))}Z"/>', "program starts"
    if any(mark.kind is Kind.EXIT and mark.size == 0 for mark in scene.marks):
        yield rectangle(12, -5, 10, 10, "exits"), "ends"
    if any(mark.kind is Kind.EXIT and mark.size != 0 for mark in scene.marks):
        yield (
            f'<path class="crash" d="{path((11, -6), (23, 6))}{path((11, 6), (23, -6))}"/>',
            "crashes, or is killed",
        )
    if kinds & {Kind.REFUSED, Kind.TIMED_OUT, Kind.GONE}:
        yield '<circle class="fails" cx="17" cy="0" r="4"/>', "connection fails"
    if Kind.NOTE in kinds:
        yield '<circle class="notes" cx="17" cy="0" r="2.6"/>', "line of a log"


def _patch(x: float, side: str, width: float = 30) -> str:
    return rectangle(x, -7, width, 14, side) + line(x, -7, x + width, -7, side)


def _arrow(classes: str) -> str:
    return f'<g class="m {classes}"><path d="M0 0L26 0"/><path class="tip" d="M30 0L22 -3.5L22 3.5Z"/></g>'
