"""A trace as JSON lines: one object an event, always with the same keys, for programs to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TextIO

from herd.sim.pictures.window import ALL, Window
from herd.sim.pictures.words import seconds

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import Event, TraceFile


def write_jsonlines(trace: TraceFile, out: TextIO, window: Window = ALL) -> None:
    """Write an object for every event in the window; raise PictureError for a window that cannot be."""
    window.check(trace)
    for event in trace:
        if window.shows(event):
            out.write(json.dumps(fields(event), separators=(",", ":")) + "\n")


def fields(event: Event) -> dict[str, str | int | None]:
    """Return an event as what JSON knows: times as text in seconds and as a whole number of nanoseconds."""
    return {
        "number": event.number,
        "time": seconds(event.time_ns),
        "time_ns": event.time_ns,
        "kind": event.kind.name,
        "host": event.host or None,
        "peer": event.peer or None,
        "flow": event.flow,
        "size": event.size,
        "data": event.data.decode("utf-8", "backslashreplace"),
        "crc32": None if event.check is None else f"{event.check:08x}",
    }
