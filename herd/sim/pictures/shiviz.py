"""A trace in the format of ShiViz, which draws and searches causal histories.

The first line of the file is the regular expression by which ShiViz takes the others apart, the second is
empty (one execution), then comes a line an event. ShiViz knows no messages: it draws what the vector clocks
say, and they are computed here from the messages of the trace. A clock counts the events of a host that are
in the window; what went through hosts that are not shown still orders those that are.

What belongs to no host (a fault, a step of the workload) is told by a host called `simulation`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TextIO, TypeAlias

from herd.sim.engine.trace import Kind
from herd.sim.pictures.messages import Fate, Matcher
from herd.sim.pictures.window import ALL, Window
from herd.sim.pictures.words import detail, seconds

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import Event, TraceFile

EXPRESSION: Final = r"(?<time>\d+\.\d+) (?<host>\S+) (?<clock>\{[^}]*\}) (?<event>.*)"
NOBODY: Final = "simulation"

_Clock: TypeAlias = dict[str, int]


def write_shiviz(trace: TraceFile, out: TextIO, window: Window = ALL) -> None:
    """Write the events in the window as a log for ShiViz; raise PictureError for a window that cannot be."""
    window.check(trace)
    out.write(EXPRESSION + "\n\n")
    clocks = _Clocks()
    for event in trace:
        if window.until_ns is not None and event.time_ns > window.until_ns:
            break
        clock = clocks.after(event, shown=window.shows(event))
        if clock is not None:
            host = _host(event)
            out.write(f"{seconds(event.time_ns)} {host} {json.dumps(clock)} {_words(event)}\n")


class _Clocks:
    """A vector clock for each host: how many events of each other host it can know of."""

    def __init__(self) -> None:
        self._matcher = Matcher()
        self._now: dict[str, _Clock] = {}
        self._sent: dict[int, _Clock] = {}

    def after(self, event: Event, *, shown: bool) -> _Clock | None:
        """Return the clock of the event's host after it, its own entry first; None if it is not shown."""
        host = _host(event)
        clock = self._now.setdefault(host, {})
        for message in self._matcher.feed(event):
            if message.fate is Fate.ARRIVED:
                for name, count in self._sent.get(message.sent.number, {}).items():
                    clock[name] = max(count, clock.get(name, 0))
        if shown:
            clock[host] = clock.get(host, 0) + 1
        if event.peer or event.kind is Kind.DATAGRAM:
            self._sent[event.number] = dict(clock)
        return {host: clock[host], **{name: clock[name] for name in sorted(clock)}} if shown else None


def _host(event: Event) -> str:
    """Return the name of an event's host as one word: ShiViz reads no other."""
    return (event.host or NOBODY).replace(" ", "_")


def _words(event: Event) -> str:
    parts = [event.kind.name, event.peer, f"#{event.flow}" if event.flow else "", detail(event)]
    return " ".join(part for part in parts if part)
