"""Which part of a trace is looked at: from when, until when, whose events."""

from __future__ import annotations

import math
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import frozen

from herd.sim.engine.tracefile import NS_PER_S

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import Event, TraceFile


class PictureError(ValueError):
    """A picture that cannot be drawn as it was asked for; one line that says what to ask instead."""


@frozen(slots=False)
class Window:
    """From `from_s` until `until_s` in seconds of virtual time, both included; None is the end of the trace.

    `hosts` are the names of those that are shown, all of them if it is empty. What concerns no host in
    particular (a fault, a step of the workload) is always shown.
    """

    from_s: float = 0.0
    until_s: float | None = None
    hosts: tuple[str, ...] = ()

    @cached_property
    def from_ns(self) -> int:
        """The first nanosecond of it."""
        return round(self.from_s * NS_PER_S)

    @cached_property
    def until_ns(self) -> int | None:
        """The last nanosecond of it."""
        return None if self.until_s is None else round(self.until_s * NS_PER_S)

    @cached_property
    def _chosen(self) -> frozenset[str]:
        return frozenset(self.hosts)

    def check(self, trace: TraceFile) -> None:
        """Raise PictureError for hosts that are not in the trace, and times that are none."""
        if not (math.isfinite(self.from_s) and math.isfinite(self.until_s or 0.0)):
            raise PictureError(f"from {self.from_s:g} s until {self.until_s} s is no time: give numbers")
        if self.until_ns is not None and self.until_ns < self.from_ns:
            raise PictureError(
                f"from {self.from_s:g} s until {self.until_s:g} s is no time: turn them around"
            )
        if not self.hosts:
            return
        known = list(trace.hosts())
        for name in self.hosts:
            if name not in known:
                raise PictureError(f"there is no host {name} in {trace.name}: {_hint(name, known)}")

    def shows(self, event: Event) -> bool:
        """Tell whether an event is in the window."""
        return (
            self.from_ns <= event.time_ns
            and (self.until_ns is None or event.time_ns <= self.until_ns)
            and (not event.host or self.shows_host(event.host))
        )

    def shows_host(self, name: str) -> bool:
        """Tell whether a host is looked at."""
        return not self._chosen or name in self._chosen


ALL = Window()


def _hint(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]}?"
    if not known:
        return "it has none"
    few = 12
    return f"its hosts are {', '.join(known[:few])}" + (
        f" and {len(known) - few} more" if len(known) > few else ""
    )
