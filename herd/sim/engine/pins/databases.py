"""SQLite in a hosted program: its functions of time and chance ask the process.

`random()` and `datetime('now')` are C code that asks the operating system. SQL functions can be defined
anew for a connection: so each connection that a hosted program opens has ours, which leave everything but
"now" to SQLite's own. What becomes of the connection when its process ends, `databases` says.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import databases
from herd.sim.engine.pins.pin import place

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

_CONNECT: Final = sqlite3.connect
_LAYOUTS: Final = frozenset({"strftime"})
"""Functions whose first argument is a layout; the time is the second."""
_DATES: Final = ("date", "time", "datetime", "julianday", "unixepoch", "strftime")
_CURRENT: Final = {"current_date": "date", "current_time": "time", "current_timestamp": "datetime"}
_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - SQLite's texts have no zone
_US: Final = dt.timedelta(microseconds=1)


def pin() -> None:
    """Pin the opening of databases."""
    place(sqlite3, "connect", _connect)


def _connect(process: Process, *args: Any, **kwargs: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = databases.connect(process, _CONNECT, *args, **kwargs)
    connection.create_function("random", 0, lambda: process.random.getrandbits(64) - (1 << 63))
    connection.create_function("randomblob", 1, partial(_blob, process))
    for name in _DATES:
        # Deterministic, as SQLite's own are, for indexes may use them with a time that is given.
        connection.create_function(name, -1, partial(_date, process, name), deterministic=True)
    for name, function in _CURRENT.items():
        connection.create_function(name, 0, partial(_date, process, function, "now"))
    return connection


def _blob(process: Process, size: int) -> bytes:
    size = max(size, 1)
    return process.random.getrandbits(8 * size).to_bytes(size, "big")


def _date(process: Process, name: str, *args: Any) -> Any:
    """Let SQLite's own function answer, with the host's time where it would take the machine's."""
    at = 1 if name in _LAYOUTS else 0
    given = list(args)
    if len(given) == at:
        given.append("now")
    if len(given) > at and isinstance(given[at], str) and given[at].lower() == "now":
        given[at] = _now(process)
    marks = ", ".join("?" * len(given))
    (answer,) = _real().execute(f"SELECT {name}({marks})", given).fetchone()
    return answer


@cache
def _real() -> sqlite3.Connection:
    """Return a connection whose functions are SQLite's own."""
    return _CONNECT(":memory:", check_same_thread=False)


def _now(process: Process) -> str:
    ms = process.wall_ns() // 1_000_000
    return (_EPOCH + ms * 1000 * _US).isoformat(sep=" ", timespec="milliseconds")
