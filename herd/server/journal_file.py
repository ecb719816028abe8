"""The journal's file: the newest record of each client in SQLite, whole even after a kill.

It is written ahead (WAL) and committed to the disk (`synchronous=FULL`) once per batch. A file that SQLite
cannot read is moved aside and said, and a new one begun; the neighbors have what was in it. The file knows
whose it is, so that a server cannot be started with another's by mistake.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final
from zlib import crc32

from attrs import frozen

from herd.core.errors import HerdError
from herd.core.linkwire import is_record
from herd.core.record import client_of, received_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from herd.core.cache import Cache

_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
    CREATE TABLE record (client BLOB PRIMARY KEY, line BLOB NOT NULL, checksum INTEGER NOT NULL)
        WITHOUT ROWID;
"""
_LOAD_SLICE: Final = 10_000


class JournalError(HerdError):
    """A journal that cannot be opened or made; the text says which and why."""


@frozen
class Batch:
    """What one transaction writes: AT lines, and clients that are gone."""

    lines: list[bytes]
    dropped: list[bytes]


class JournalFile:
    """The SQLite file. Its methods block, and are called by one thread at a time."""

    def __init__(self, path: Path, identity: str) -> None:
        """Open or make the file of the server that `identity` names (herd and server)."""
        self.path = path
        self._identity = identity
        try:
            self._database = self._open()
        except sqlite3.OperationalError as error:
            raise JournalError(f"cannot open the journal {path}: {error}") from None

    def _open(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._make(database)
            self._check(database, version or _SCHEMA_VERSION)
        except BaseException:
            database.close()
            raise
        return database

    def _make(self, database: sqlite3.Connection) -> None:
        database.execute("BEGIN IMMEDIATE")
        database.execute("CREATE TABLE IF NOT EXISTS owner (identity TEXT NOT NULL)")
        database.execute("INSERT INTO owner VALUES (?)", (self._identity,))
        database.execute(_SCHEMA)
        database.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
        database.execute("COMMIT")

    def _check(self, database: sqlite3.Connection, version: int) -> None:
        if version != _SCHEMA_VERSION:
            raise JournalError(f"the journal {self.path} is of version {version}, made by a newer herd")
        (owner,) = database.execute("SELECT identity FROM owner").fetchone()
        if owner != self._identity:
            raise JournalError(f"the journal {self.path} belongs to {owner}, not to {self._identity}")

    def records(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Return all records, client id and AT line, some thousands at a time.

        SQLite does not notice a bit that has turned over inside a value. A record that is not as it was
        written is left out, and after all others a `sqlite3.DatabaseError` says how many there were.
        """
        cursor = self._database.execute("SELECT client, line, checksum FROM record")
        damaged = 0
        while rows := cursor.fetchmany(_LOAD_SLICE):
            whole = [row[:2] for row in rows if _is_whole(*row)]
            damaged += len(rows) - len(whole)
            yield whole
        if damaged:
            raise sqlite3.DatabaseError(f"{damaged:,} records are not as they were written")

    def count(self) -> int:
        """Return how many records there are."""
        (count,) = self._database.execute("SELECT count(*) FROM record").fetchone()
        return int(count)

    def write(self, batch: Batch) -> None:
        """Commit a batch to the disk."""
        database = self._database
        records = ((client_of(line), line, crc32(line)) for line in batch.lines)
        database.execute("BEGIN IMMEDIATE")
        try:
            database.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", records)
            database.executemany("DELETE FROM record WHERE client = ?", ((id_,) for id_ in batch.dropped))
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file; SQLite folds the write-ahead log into it."""
        self._database.close()


def _is_whole(client_id: object, line: object, checksum: object) -> bool:
    return (
        isinstance(client_id, bytes)
        and isinstance(line, bytes)
        and crc32(line) == checksum
        and is_record(line, client_id)
    )


def open_journal_file(path: Path, identity: str, say: Callable[[str], None], suffix: str) -> JournalFile:
    """Open a journal; move one that is not readable aside, under `suffix`, and begin a new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.exists() and path.stat().st_size == 0:
            say(f"the journal {path} was empty, not even begun; neighbors have what was in it")
        path.touch(mode=0o600)
        return JournalFile(path, identity)
    except OSError as error:
        raise JournalError(f"cannot open the journal {path}: {error.strerror}") from None
    except sqlite3.DatabaseError as error:
        aside = move_aside(path, suffix)
        say(f"the journal {path} is damaged ({error}); it is kept as {aside}, neighbors have what was in it")
        path.touch(mode=0o600)
        return JournalFile(path, identity)


def move_aside(path: Path, suffix: str) -> Path:
    """Rename a journal and what SQLite keeps beside it."""
    aside = path.with_name(f"{path.name}.damaged-{suffix}")
    for ending in ("", "-wal", "-shm"):
        source = path.with_name(path.name + ending)
        if source.exists():
            source.rename(aside.with_name(aside.name + ending))
    return aside


def set_aside(
    file: JournalFile, identity: str, error: Exception, say: Callable[[str], None], suffix: str
) -> JournalFile:
    """Close a journal that turned out to be damaged, move it aside and begin a new one."""
    file.close()
    aside = move_aside(file.path, suffix)
    say(f"the journal {file.path} is damaged ({error}); it is kept as {aside}, neighbors have what was in it")
    file.path.touch(mode=0o600)
    return JournalFile(file.path, identity)


def load_cache(file: JournalFile, cache: Cache, now_ns: int, say: Callable[[str], None]) -> int:
    """Fill a cache from a journal, saying how far it is; return how many records were alive.

    What is alive no more leaves the journal too. `sqlite3.DatabaseError` if the file turns out to be damaged;
    what was read until then stays.
    """
    total = file.count()
    gone: list[bytes] = []
    for number, rows in enumerate(file.records(), 1):
        for client_id, line in rows:
            cache.offer(client_id, line, received_ns(line), now_ns)
        gone += [client_id for client_id, _ in rows if cache.peek(client_id) is None]
        if number * _LOAD_SLICE % 100_000 == 0:
            say(f"reading the journal: {number * _LOAD_SLICE:,} of {total:,} records")
    if gone:
        with contextlib.suppress(sqlite3.OperationalError):  # a full disk: the next start tries again
            file.write(Batch([], gone))
    return len(cache)
