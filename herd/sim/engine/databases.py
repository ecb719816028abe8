"""SQLite's connections in a hosted program: what a kernel, a busy timeout and a full disk do to them.

SQLite itself is real, and so are its files and its locks. But its locks are those of the simulating process,
which lives on when a hosted one dies: so whoever ends, in whatever way, has its connections closed here, and
what it had not committed is rolled back. And SQLite waits for a lock in real time, where nobody could ever
free it: so it waits for none, and who waits is a thread of the program, in virtual time. The thread of the
reactor cannot wait: to it the database is locked at once. Nor does SQLite wait for the real disk
(`PRAGMA synchronous`): whoever loses its power in a simulation keeps what it has written.

On a full disk (`faults.FullDisk`) each statement fails that would write to a file.
"""

from __future__ import annotations

import re
import sqlite3
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal
from weakref import WeakKeyDictionary, WeakValueDictionary

from herd.sim.engine import workers
from herd.sim.engine.parking import leave_if_ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from herd.sim.engine.process import Process

_TIMEOUT_S: Final = 5.0
"""How long a connection waits for a lock, if its program does not say."""
_LOOK_EVERY_S: Final = 0.01
"""How often it tries again; SQLite itself does after 1 ms to 100 ms."""
_SETTING: Final = re.compile(
    r"\s*PRAGMA\s+(?:\w+\.)?(busy_timeout|synchronous)\s*[=(]\s*(\w+)", re.IGNORECASE
)
"""What a program sets, and real SQLite is not to obey."""
_WRITES: Final = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*"
    r"(?:INSERT|REPLACE|UPDATE|DELETE|CREATE|DROP|ALTER|REINDEX|VACUUM|WITH\b.*\b(?:INSERT|REPLACE|UPDATE|DELETE))\b",
    re.IGNORECASE | re.DOTALL,
)
_open: Final[WeakKeyDictionary[Process, WeakValueDictionary[int, HostedConnection]]] = WeakKeyDictionary()
"""The connections of each process, in the order in which they were opened."""


def connect(process: Process, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Open a database as `sqlite3.connect` does (`original`), with its arguments."""
    given = dict(zip(_ARGUMENTS, args, strict=False)) | kwargs
    timeout_s = given.pop("timeout", _TIMEOUT_S)
    given["factory"] = _hosted(given.get("factory", sqlite3.Connection), HostedConnection)
    connection = original(**given, timeout=0)
    if isinstance(connection, HostedConnection):
        connection.process = process
        connection.timeout_s = timeout_s
        connection.is_in_file = not _is_in_memory(str(given.get("database")))
        _keep(process, connection)
    return connection


_ARGUMENTS: Final = (
    "database",
    "timeout",
    "detect_types",
    "isolation_level",
    "check_same_thread",
    "factory",
    "cached_statements",
    "uri",
)


def _is_in_memory(database: str) -> bool:
    return not database or ":memory:" in database or "mode=memory" in database


def _keep(process: Process, connection: HostedConnection) -> None:
    if process not in _open:
        _open[process] = WeakValueDictionary()
        process.frees.append(lambda: _close_all(process))
    mine = _open[process]
    mine[max(mine, default=0) + 1] = connection


def _close_all(process: Process) -> None:
    """Close what a process that has ended had open: its locks are free, what it began is rolled back."""
    for connection in list(_open.pop(process).values()):
        connection.close_as_kernel()


class HostedConnection(sqlite3.Connection):
    """A connection of a hosted program. After the end of its process, nothing more is done with it."""

    process: Process
    timeout_s: float
    is_in_file: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cursors: WeakValueDictionary[int, sqlite3.Cursor] = WeakValueDictionary()
        self._numbers = count()

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """Return a cursor, which waits as its connection does."""
        made = super().cursor(_hosted(factory, HostedCursor))
        self._cursors[next(self._numbers)] = made
        return made

    def execute(self, *args: Any) -> Any:
        """Execute a statement by a cursor of its own."""
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        """Likewise, for each of some parameters."""
        return self.cursor().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        """Likewise, some statements."""
        return self.cursor().executescript(*args)

    def commit(self) -> None:
        """Commit."""
        self.attempt(super().commit)

    def rollback(self) -> None:
        """Roll back."""
        leave_if_ended(self.process)
        super().rollback()

    def __exit__(self, kind: object, error: object, trace: object, /) -> Literal[False]:
        """Commit, or roll back; what is let go of after its end does neither."""
        if self.process.exit_code is not None:
            return False
        if kind is not None:
            self.rollback()
            return False
        try:
            self.commit()
        except BaseException:
            self.rollback()
            raise
        return False

    def attempt(self, do: Callable[..., Any], *args: Any) -> Any:
        """Do something that may need a lock, again and again while that is not free and time is left."""
        leave_if_ended(self.process)
        worker = workers.running(self.process)
        left_s = 0.0 if worker is None else self.timeout_s
        while True:
            try:
                return do(*args)
            except sqlite3.OperationalError as error:
                if left_s <= 0 or getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
                    raise
            assert worker is not None
            workers.Wait(worker).hold(min(_LOOK_EVERY_S, left_s))
            leave_if_ended(self.process)
            left_s -= _LOOK_EVERY_S

    def check_disk(self, sql: str) -> None:
        """Raise SQLite's error if the disk is full and a statement would write to it."""
        if self.process.host.full_disks and self.is_in_file and _WRITES.match(sql):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            error.sqlite_errorname = "SQLITE_FULL"
            raise error

    def undo(self, setting: str, value: str) -> None:
        """Have real SQLite neither wait for locks nor for the disk, which loses nothing here."""
        if setting == "busy_timeout" and value.isdigit():
            self.timeout_s = int(value) / 1000
        sqlite3.Cursor(self).execute(f"PRAGMA {setting} = 0")

    def close_as_kernel(self) -> None:
        """Close all, whatever is under way."""
        for cursor in list(self._cursors.values()):
            _quietly(cursor.close)
        _quietly(super().rollback)
        _quietly(super().close)


class HostedCursor(sqlite3.Cursor):
    """A cursor of a hosted connection."""

    connection: HostedConnection

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """Execute a statement."""
        self.connection.check_disk(sql)
        done = self.connection.attempt(super().execute, sql, parameters)
        setting = _SETTING.match(sql)
        if setting is not None:
            self.connection.undo(setting[1].lower(), setting[2])
        return done

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        """Execute a statement for each of some parameters."""
        rows = list(parameters)  # for they may be needed again
        if rows:
            self.connection.check_disk(sql)
        return self.connection.attempt(super().executemany, sql, rows)

    def executescript(self, sql_script: str, /) -> Any:
        """Execute statements; to begin again in their midst would be wrong, so nothing is waited for."""
        leave_if_ended(self.connection.process)
        for statement in sql_script.split(";"):
            self.connection.check_disk(statement)
        return super().executescript(sql_script)


def _hosted(factory: Any, kind: Any) -> Any:
    """Return a program's class of connections or cursors as one of ours; what is no class stays as it is."""
    (base,) = kind.__bases__
    if factory is base:
        return kind
    if not isinstance(factory, type) or not issubclass(factory, base) or issubclass(factory, kind):
        return factory
    return type(factory.__name__, (kind, factory), {"__module__": factory.__module__})


def _quietly(do: Callable[[], object]) -> None:
    """Do something of the end, though it may have been done, or be impossible in the midst of a call."""
    try:
        do()
    except sqlite3.Error:
        return
