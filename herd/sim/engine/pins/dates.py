"""The classes of `datetime`: a hosted program's now and its local time, UTC.

No class is replaced. A subclass in the place of `datetime` is not what C code makes, what `type(x) is
datetime` and tables of types (sqlite3's adapters, pickle, cattrs) expect, and each needs a special case. So
the methods of the real classes are exchanged in the classes themselves. They are written in C, and C's
classes are closed to `setattr`; but a class's `__dict__` is a view of an ordinary dict, which the garbage
collector knows, and `PyType_Modified` is the documented call after a change. Whoever has bound the class
has the pinned methods. `today` needs no pin: it asks `time.time` and `fromtimestamp`.
"""

from __future__ import annotations

import ctypes
import datetime as dt
import gc
import time
from functools import update_wrapper
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import current

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.pins.pin import Inside
    from herd.sim.engine.process import Process

_UTC: Final = dt.UTC
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=_UTC)
_US: Final = dt.timedelta(microseconds=1)
_gmtime = time.gmtime
_real: dict[str, Any] = {}


def pin() -> None:
    """Pin the methods that read the clock or the machine's time zone."""
    constructors: dict[str, Inside] = {"now": _now, "utcnow": _utcnow, "fromtimestamp": _fromtimestamp}
    for name, inside in constructors.items():
        _pin_constructor(dt.datetime, name, inside)
    _pin_constructor(dt.date, "fromtimestamp", lambda _process, cls, seconds: cls(*_gmtime(seconds)[:3]))
    methods: dict[str, Inside] = {"astimezone": _astimezone, "timestamp": _timestamp}
    for name, method in methods.items():
        _pin_method(dt.datetime, name, method)


def _now(process: Process, cls: Any, tz: dt.tzinfo | None = None) -> dt.datetime:
    utc = _EPOCH + process.wall_ns() // 1000 * _US
    now: dt.datetime = cls(
        utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second, utc.microsecond, tzinfo=tz
    )
    return now if tz is None else tz.fromutc(now)


def _utcnow(process: Process, cls: Any) -> dt.datetime:
    return _now(process, cls)


def _fromtimestamp(_process: Process, cls: Any, timestamp: float, tz: dt.tzinfo | None = None) -> dt.datetime:
    make: Callable[..., dt.datetime] = _real["fromtimestamp"].__get__(None, cls)
    return make(timestamp, tz) if tz is not None else make(timestamp, _UTC).replace(tzinfo=None)


def _date(_process: Process, cls: Any, timestamp: float) -> dt.date:
    date: dt.date = cls(*_gmtime(timestamp)[:3])
    return date


def _astimezone(_process: Process, self: dt.datetime, tz: dt.tzinfo | None = None) -> dt.datetime:
    moved: dt.datetime = _real["astimezone"](_aware(self), tz or _UTC)
    return moved


def _timestamp(_process: Process, self: dt.datetime) -> float:
    seconds: float = _real["timestamp"](_aware(self))
    return seconds


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=_UTC) if moment.tzinfo is None else moment


def _pin_constructor(owner: type, name: str, inside: Inside) -> None:
    original = owner.__dict__[name]
    bound = original.__get__(None, owner)

    def dispatcher(cls: type, *args: Any, **kwargs: Any) -> Any:
        process = current.process
        if process is None or get_ident() != current.thread:
            make = bound if cls is owner else original.__get__(None, cls)
            return make(*args, **kwargs)
        return inside(process, cls, *args, **kwargs)

    _exchange(owner, name, classmethod(update_wrapper(dispatcher, original)))


def _pin_method(owner: type, name: str, inside: Inside) -> None:
    original = owner.__dict__[name]

    def dispatcher(self: Any, *args: Any, **kwargs: Any) -> Any:
        process = current.process
        if process is None or get_ident() != current.thread:
            return original(self, *args, **kwargs)
        return inside(process, self, *args, **kwargs)

    _exchange(owner, name, update_wrapper(dispatcher, original))


def _exchange(owner: type, name: str, pinned: Any) -> None:
    """Put an attribute into a class that is closed to `setattr`."""
    (namespace, *_) = gc.get_referents(owner.__dict__)
    if not isinstance(namespace, dict) or name not in namespace:
        raise RuntimeError("the simulator needs CPython: it cannot set the clock of datetime here")
    if owner is dt.datetime:
        _real[name] = namespace[name]
    namespace[name] = pinned
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(owner))
