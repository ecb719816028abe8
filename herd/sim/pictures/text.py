"""A trace as text, one line an event.

      1.003412  Alford -> Ball    SEND           #3  58 B  "AT Alford +0.2..."

Time in seconds, whose event it is (the arrow goes the way the bytes go), what happens, the number of the
connection or datagram, and what else there is to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO

from herd.sim.engine.trace import Kind
from herd.sim.pictures.window import ALL, Window
from herd.sim.pictures.words import detail, seconds, whose

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import Event, TraceFile

_TIME_WIDTH: Final = 11
_ARROW_WIDTH: Final = len(" -> ")
_KIND_WIDTH: Final = max(len(kind.name) for kind in Kind)
_FLOW_WIDTH: Final = 6


def write_text(trace: TraceFile, out: TextIO, window: Window = ALL) -> None:
    """Write a line for every event in the window; raise PictureError for a window that cannot be."""
    window.check(trace)
    longest = max((len(name) for name in trace.hosts()), default=0)
    width = 2 * longest + _ARROW_WIDTH
    for event in trace:
        if window.shows(event):
            out.write(line(event, width) + "\n")
    if not trace.complete:
        out.write("(the file is cut short here: the run that wrote it never ended it)\n")


def line(event: Event, width: int) -> str:
    """Return an event as a line, `width` columns of it for the names of its hosts."""
    flow = f"#{event.flow}" if event.flow else ""
    head = (
        f"{seconds(event.time_ns):>{_TIME_WIDTH}}  {whose(event):<{width}}  {event.kind.name:<{_KIND_WIDTH}}"
    )
    return f"{head}  {flow:<{_FLOW_WIDTH}}  {detail(event)}".rstrip()
