"""The module `time`: a hosted program sees its host's clocks.

The wall clock and the monotonic one are the host's own, with its offset, drift and steps. A simulated
program takes no processor's time. Every host lives in UTC, whatever zone the machine is in.
"""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.native import Owner
from herd.sim.engine.pins.escapes import escape
from herd.sim.engine.pins.pin import place, place_plain

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

_NS_PER_S: Final = 1_000_000_000
_gmtime = time.gmtime
_strftime = time.strftime
_asctime = time.asctime

_WALL: Final = ("CLOCK_REALTIME", "CLOCK_TAI")
_MONOTONIC: Final = (
    "CLOCK_MONOTONIC",
    "CLOCK_MONOTONIC_RAW",
    "CLOCK_BOOTTIME",
    "CLOCK_UPTIME_RAW",
    "CLOCK_HIGHRES",
)
_PROCESSOR: Final = ("CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID", "CLOCK_PROF")


def pin() -> None:
    """Pin the clocks."""
    place_plain(time, "time", Owner.wall_s)
    place_plain(time, "time_ns", Owner.wall_ns)
    for name in ("monotonic", "perf_counter"):
        place_plain(time, name, Owner.monotonic_s)
        place_plain(time, f"{name}_ns", Owner.monotonic_ns)
    for name in ("process_time", "thread_time"):
        place_plain(time, name, lambda _process: 0.0)
        place_plain(time, f"{name}_ns", lambda _process: 0)
    place(time, "gmtime", _utc)
    place(time, "localtime", _utc)
    place(time, "mktime", lambda _process, fields: float(calendar.timegm(fields)))
    place(time, "strftime", _format)
    place(time, "asctime", lambda process, fields=None: _asctime(fields or _utc(process)))
    place(time, "ctime", lambda process, seconds=None: _asctime(_utc(process, seconds)))
    place(time, "clock_gettime", lambda process, clock: _read(process, clock) / _NS_PER_S)
    place(time, "clock_gettime_ns", _read)
    place(time, "tzset", lambda _process: None)


def is_steady(clock: object) -> bool:
    """Tell whether a function is the monotonic clock, which each process has of its own."""
    return clock is time.monotonic


def _utc(process: Process, seconds: float | None = None) -> time.struct_time:
    return _gmtime(process.wall_ns() // _NS_PER_S if seconds is None else seconds)


def _format(process: Process, layout: str, fields: Any = None) -> str:
    return _strftime(layout, _utc(process) if fields is None else fields)


def _read(process: Process, clock: int) -> int:
    """Read a clock by its number, in nanoseconds."""
    if clock in _numbers(_WALL):
        return process.wall_ns()
    if clock in _numbers(_MONOTONIC):
        return process.monotonic_ns()
    if clock in _numbers(_PROCESSOR):
        return 0
    raise escape(f"time.clock_gettime({clock})", "use time.time or time.monotonic")


def _numbers(names: tuple[str, ...]) -> list[int]:
    return [getattr(time, name) for name in names if hasattr(time, name)]
