"""A file of places that answers "what is near", in tenths of a millisecond and without a server.

It is a SQLite database: an R*Tree of points, a table of what is known of each, and a few facts about the
whole (which data, whose). It is written once, beside its final name, and renamed; after that nobody changes
it, so that any number of processes read it without a lock, even from a directory that none of them may write.

A question is one walk over a box, unless that holds too many places to look at each.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import frozen

from herd.core.errors import HerdError
from herd.places import answers
from herd.places.geometry import boxes_around, distance_from
from herd.places.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from herd.core.position import Position

    Progress: TypeAlias = Callable[[int, int | None], None]
    """Told how many places are done, and how many there will be where that is known."""

FORMAT: Final = "1"
"""The layout of the file; another one is built anew or imported again."""

_MANY: Final = 500
"""Places that are looked at for one question without a second thought: half a millisecond."""

_ROWS_A_STEP: Final = 2000
"""Rows between two reports of progress, about 20 ms."""

_SCHEMA: Final = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA cache_size = -65536;
    CREATE VIRTUAL TABLE tree USING rtree(id, south, north, west, east);
    CREATE TABLE place (id INTEGER PRIMARY KEY, latitude REAL, longitude REAL,
                        name TEXT, place_id TEXT, types TEXT, vicinity TEXT);
    CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT);
"""
_IN_BOX: Final = """
    SELECT place.id, place.latitude, place.longitude FROM tree CROSS JOIN place ON place.id = tree.id
    WHERE tree.north >= ? AND tree.south <= ? AND tree.east >= ? AND tree.west <= ? LIMIT ?
"""
_DETAILS: Final = "SELECT name, latitude, longitude, place_id, types, vicinity FROM place WHERE id = ?"


@frozen
class Place:
    """One place as it goes into the file; `types` are words parted by spaces."""

    name: str
    latitude: float
    longitude: float
    place_id: str
    types: str
    vicinity: str


def probe() -> None:
    """Raise a `HerdError` where this Python's SQLite has no R*Tree."""
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute("CREATE VIRTUAL TABLE probe USING rtree(id, south, north)")
        except sqlite3.OperationalError as error:
            raise HerdError(
                f"this Python's SQLite {sqlite3.sqlite_version} lacks the R*Tree module ({error}); use one"
                " whose sqlite3 has it, as python.org's, Debian's and Docker's do, or places from a network"
            ) from error


def write_tree(
    path: Path,
    places: Iterable[Place],
    facts: Mapping[str, str],
    *,
    total: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Write the file of `places` and return how many there are.

    The old file, if any, stays whole until the new one takes its name. `progress` is told now and then; what
    it raises ends the work and leaves nothing behind.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}.part")
    part.unlink(missing_ok=True)
    try:
        count = _fill(part, places, facts, total, progress or (lambda _done, _total: None))
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    except sqlite3.Error as error:
        raise HerdError(f"{path} could not be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _fill(
    part: Path, places: Iterable[Place], facts: Mapping[str, str], total: int | None, progress: Progress
) -> int:
    database = sqlite3.connect(part, isolation_level=None)
    try:
        database.executescript(_SCHEMA)
        database.execute("BEGIN")
        count = 0
        progress(0, total)
        for rows in _batches(places):
            numbered = list(enumerate(rows, count + 1))
            database.executemany(
                "INSERT INTO tree VALUES (?, ?, ?, ?, ?)",
                ((n, p.latitude, p.latitude, p.longitude, p.longitude) for n, p in numbered),
            )
            database.executemany(
                "INSERT INTO place VALUES (?, ?, ?, ?, ?, ?, ?)",
                ((n, p.latitude, p.longitude, p.name, p.place_id, p.types, p.vicinity) for n, p in numbered),
            )
            count += len(rows)
            progress(count, total)
        database.executemany("INSERT INTO fact VALUES (?, ?)", [*facts.items(), ("format", FORMAT)])
        database.execute("COMMIT")
    finally:
        database.close()
    return count


def _batches(places: Iterable[Place]) -> Iterator[list[Place]]:
    stream = iter(places)
    while batch := list(itertools.islice(stream, _ROWS_A_STEP)):
        yield batch


class Tree:
    """An open file of places."""

    def __init__(self, path: Path) -> None:
        """Open the file; a `HerdError` says that it is none of ours, or of another format."""
        probe()
        # Immutable: SQLite takes no lock and looks for no journal, which a read-only directory needs.
        self._uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._process = os.getpid()
        try:
            self._database = sqlite3.connect(self._uri, uri=True)
        except sqlite3.Error as error:
            raise HerdError(f"{path} cannot be opened: {error}") from error
        try:
            self.facts: dict[str, str] = dict(self._database.execute("SELECT name, value FROM fact"))
        except sqlite3.Error as error:
            self._database.close()
            raise HerdError(f"{path} is no file of places: {error}") from error
        if self.facts.get("format") != FORMAT:
            self._database.close()
            raise HerdError(f"{path} has another format than this herd's; build or import it again")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def near(self, center: Position, radius_km: float, bound: int) -> list[dict[str, Any]]:
        """Return at most `bound` results (Google's shape) within `radius_km`, nearest first.

        Equally far ones are ordered by name and id, so that the answer is the same everywhere.
        """
        if os.getpid() != self._process:  # `twistd` forks after it has opened this, which SQLite forbids
            self._database = sqlite3.connect(self._uri, uri=True)
            self._process = os.getpid()
        few = self._within(center, radius_km)
        ranked = sorted(few if few is not None else nearest(self._database, center, radius_km, bound))
        if len(ranked) > bound > 0:
            farthest = ranked[bound - 1][0]
            ranked = [each for each in ranked if each[0] <= farthest]
        found = []
        for distance_km, row in ranked:
            name, latitude, longitude, place_id, types, vicinity = self._database.execute(
                _DETAILS, (row,)
            ).fetchone()
            result = answers.place(name, latitude, longitude, place_id, types.split(), vicinity)
            found.append((distance_km, name, place_id, row, result))
        return [result for *_, result in sorted(found, key=lambda each: each[:4])[:bound]]

    def _within(self, center: Position, radius_km: float) -> list[tuple[float, int]] | None:
        """Return (distance, row) of the places in the circle; None if its boxes hold too many to look at."""
        distance_km = distance_from(center)
        rows: list[tuple[int, float, float]] = []
        for box in boxes_around(center, radius_km):
            edges = (box.south, box.north, box.west, box.east)
            rows += self._database.execute(_IN_BOX, (*edges, _MANY + 1 - len(rows)))
            if len(rows) > _MANY:
                return None
        ranked = ((distance_km(latitude, longitude), row) for row, latitude, longitude in rows)
        # Each place once: where two boxes touch, a point may be in both.
        return list(dict.fromkeys(each for each in ranked if each[0] <= radius_km))
