"""The gazetteer in the wheel: every town of the world with 500 people or more, and its airports.

It is a compressed table of text, one line a place, so that `xzcat` shows it and reading it takes little
memory. The first line says what the table is; its version is a digest of the rest, so that an index that was
made from other data is known to be old. Places stand in the order of a Morton curve: near ones are near each
other in the table, which makes both the compression and the building of the index better.
"""

from __future__ import annotations

import hashlib
import lzma
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.core.errors import HerdError
from herd.places.tree import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TABLE: Final = Path(__file__).parent / "data" / "gazetteer.tsv.xz"

ATTRIBUTION: Final = (
    'Towns: selected from <a href="https://www.geonames.org/">GeoNames</a>,'
    ' <a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>.'
    ' Airports: <a href="https://github.com/mborsetti/airportsdata">airportsdata</a>.'
)
"""The credit that CC BY asks for, and that the changes were ours."""

_MAGIC: Final = "herd-gazetteer 1"
KINDS: Final = {
    "town": ("geonames", "locality political"),
    "airport": ("airport", "airport point_of_interest establishment"),
}
"""What a line's first word means: the place_id's prefix, and Google's types."""

_FILTERS: Final = [
    {
        "id": lzma.FILTER_LZMA2,
        "preset": 9 | lzma.PRESET_EXTREME,
        "dict_size": 1 << 24,
        "lc": 4,
        "lp": 0,
        "pb": 0,
    }
]


@frozen
class Entry:
    """One line of the table: a `town` by GeoNames' number or an `airport` by its code."""

    kind: str
    identity: str
    name: str
    latitude: float
    longitude: float
    vicinity: str


@frozen
class Header:
    """The table's first line."""

    version: str
    count: int


def read_header(table: Path = TABLE) -> Header:
    """Return what the table says of itself; takes a millisecond. A `HerdError` says that it is no table."""
    try:
        with lzma.open(table, "rt", encoding="utf-8", newline="\n") as lines:
            magic, version, count = lines.readline().rstrip("\n").split("\t")
            header = Header(version, int(count))
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise HerdError(f"{table} cannot be read: {error}; install herd again") from error
    if magic != _MAGIC:
        raise HerdError(f"{table} is not this herd's gazetteer; install herd again")
    return header


def read_places(table: Path = TABLE) -> Iterator[Place]:
    """Yield every place of the table; a `HerdError` says that it is damaged."""
    try:
        with lzma.open(table, "rt", encoding="utf-8", newline="\n") as lines:
            next(lines)
            for line in lines:
                kind, identity, name, latitude, longitude, vicinity = line.rstrip("\n").split("\t")
                prefix, types = KINDS[kind]
                yield Place(name, float(latitude), float(longitude), f"{prefix}:{identity}", types, vicinity)
    except (EOFError, KeyError, ValueError, lzma.LZMAError) as error:
        raise HerdError(f"{table} is damaged: {error}; install herd again") from error


def write_table(table: Path, entries: Iterable[Entry]) -> Header:
    """Write the table, the same bytes for the same entries, and return its first line."""
    ordered = sorted(
        entries, key=lambda each: (_morton(each.latitude, each.longitude), each.kind, each.identity)
    )
    body = "".join(
        f"{each.kind}\t{each.identity}\t{_clean(each.name)}\t{each.latitude:.5f}\t{each.longitude:.5f}"
        f"\t{_clean(each.vicinity)}\n"
        for each in ordered
    ).encode()
    header = Header(hashlib.sha256(body).hexdigest()[:12], len(ordered))
    first = f"{_MAGIC}\t{header.version}\t{header.count}\n".encode()
    table.write_bytes(lzma.compress(first + body, format=lzma.FORMAT_XZ, filters=_FILTERS))
    return header


def _clean(text: str) -> str:
    return " ".join(text.split())


def _morton(latitude: float, longitude: float) -> int:
    """Return a point's place on the curve: the bits of both coordinates, by turns."""
    x, y = int((longitude + 180) / 360 * 65535), int((latitude + 90) / 180 * 65535)
    return sum((x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1 for bit in range(16))
