"""Small traces, event by event, with the hosts A, B and C."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.trace import NOBODY, Kind, Trace
from herd.sim.engine.tracefile import TraceFile, read_trace

A: Final = 0
B: Final = 1
C: Final = 2
if TYPE_CHECKING:
    from collections.abc import Sequence

MS: Final = 1_000_000
_DEFAULTS: Final[tuple[Any, ...]] = (0, 0, NOBODY, NOBODY, 0, 0, b"")


def trace_of(
    *rows: tuple[Any, ...], hosts: Sequence[str] = "ABC", close: bool = True, **header: Any
) -> TraceFile:
    """Return a trace of `(milliseconds, kind, host, peer, flow, size, data)`; the last may be left out."""
    file = BytesIO()
    trace = Trace(file, header)
    for index, name in enumerate(hosts):
        trace.add(Kind.HOST, 0, index, NOBODY, 0, 0, f"{name} 10.0.0.{index + 1}".encode())
    for row in rows:
        time_ms, kind, host, peer, flow, size, data = (*row, *_DEFAULTS[len(row) :])
        trace.add(kind, round(time_ms * MS), host, peer, flow, size, data)
    if close:
        trace.close()
    return read_trace(file.getvalue())
