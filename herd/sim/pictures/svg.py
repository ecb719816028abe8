"""A trace as a space-time diagram (SVG): hosts side by side, time downwards, an arrow for each message.

It is one file that loads nothing and runs nothing. See `scene` for what is drawn, `timescale` for the folds,
`paper` for the colors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO

from herd.sim.pictures.colors import colors
from herd.sim.pictures.layout import NAMES_PX, lay_out, picture_width
from herd.sim.pictures.legend import legend
from herd.sim.pictures.paper import STYLE, number, rectangle, text
from herd.sim.pictures.plot import Plot
from herd.sim.pictures.scene import MOST_THINGS, Scene, read_scene
from herd.sim.pictures.telling import tell
from herd.sim.pictures.window import ALL, Window
from herd.sim.pictures.words import readable, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.engine.tracefile import TraceFile

_EDGE_PX: Final = 24.0
_TITLE_PX: Final = 40.0
_LINE_PX: Final = 20.0


def write_svg(trace: TraceFile, out: TextIO, window: Window = ALL, *, most_things: int = MOST_THINGS) -> None:
    """Write the diagram of the window: of what it holds at most `most_things`, and it says so.

    Raise PictureError for a window that cannot be.
    """
    scene = read_scene(trace, window, most_things)
    width = picture_width(scene)
    head, y = _head(trace, scene)
    look_colors = colors(scene.arrows)
    key, y = legend(scene, look_colors, y, _EDGE_PX, width - _EDGE_PX)
    layout = lay_out(scene, y)
    height = layout.bottom + NAMES_PX + _EDGE_PX
    plot = Plot(scene, layout, look_colors)
    size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
    out.write(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n')
    parts = [rectangle(0, 0, width, height, "paper"), *head, *key, *plot.draw()]
    parts += [*tell(scene, layout), "</svg>"]
    out.writelines(part + "\n" for part in parts)


def _head(trace: TraceFile, scene: Scene) -> tuple[list[str], float]:
    """Return the title and what the reader has to know, and where it ends."""
    drawn = [text(_EDGE_PX, _TITLE_PX, _title(trace), "h1")]
    y = _TITLE_PX + 24
    drawn.append(text(_EDGE_PX, y, _summary(scene), "soft"))
    for warning in _warnings(trace, scene):
        y += _LINE_PX
        drawn.append(text(_EDGE_PX, y, "⚠ " + warning, "warning"))
    return drawn, y + 26


def _title(trace: TraceFile) -> str:
    names = [str(trace.header[key]) for key in ("scenario",) if key in trace.header]
    names += [f"seed {trace.header['seed']}"] if "seed" in trace.header else []
    return readable(" · ".join(names or ["Messages between hosts in time"]).encode())


def _summary(scene: Scene) -> str:
    messages = sum(len(arrow.messages) for arrow in scene.arrows)
    words = [
        f"{seconds(scene.from_ns)} s to {seconds(scene.until_ns)} s of virtual time",
        _counted(len(scene.hosts), "host"),
        _counted(messages, "message"),
    ]
    if scene.alone:
        words.append(
            f"not drawn: {_counted(scene.alone, 'event')} of programs alone (timers, threads, lookups)"
        )
    return " · ".join(words)


def _counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _warnings(trace: TraceFile, scene: Scene) -> Iterator[str]:
    if scene.left_out:
        yield (
            f"Too much for one picture: it ends at {seconds(scene.until_ns)} s, and {scene.left_out:,} later "
            "events are left out. Ask for a time that begins there, or for fewer hosts."
        )
    if scene.others:
        others = _counted(scene.others, "more host")
        yield f"There is no room for {others}, those with the least to show: ask for them by name."
    if not trace.complete:
        yield "The file of the trace is cut short: the run that wrote it never ended it."
    if not scene.arrows and not scene.marks and not scene.told:
        yield "Nothing happens here: ask for another time, or for other hosts."
