"""The table in the wheel: small, whole, and the same bytes for the same places."""

from __future__ import annotations

import hashlib
import lzma
from typing import TYPE_CHECKING

import pytest

from herd.core.errors import HerdError
from herd.places.gazetteer import TABLE, Entry, Header, read_header, read_places, write_table
from herd.places.tree import Place

if TYPE_CHECKING:
    from pathlib import Path

TOWN = Entry("town", "1", "Ærø  \tby", 54.9, 10.4, "Danmark")
AIRPORT = Entry("airport", "EKAE", "Ærø Airport", 54.85278, 10.45639, "Marstal, Danmark")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    header = write_table(tmp_path / "t.xz", [TOWN, AIRPORT])
    assert header.count == 2
    assert read_header(tmp_path / "t.xz") == header
    assert sorted(read_places(tmp_path / "t.xz"), key=lambda each: each.place_id) == [
        Place(
            "Ærø Airport",
            54.85278,
            10.45639,
            "airport:EKAE",
            "airport point_of_interest establishment",
            "Marstal, Danmark",
        ),
        Place("Ærø by", 54.9, 10.4, "geonames:1", "locality political", "Danmark"),
    ]


def test_the_same_places_in_any_order_make_the_same_table(tmp_path: Path) -> None:
    one = write_table(tmp_path / "one", [TOWN, AIRPORT])
    other = write_table(tmp_path / "other", [AIRPORT, TOWN])
    less = write_table(tmp_path / "less", [TOWN])
    assert one == other
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert less.version != one.version


def test_the_shipped_table_is_small_and_as_its_header_says() -> None:
    assert TABLE.stat().st_size < 5_000_000
    first, _, body = lzma.decompress(TABLE.read_bytes()).partition(b"\n")
    header = read_header()
    assert header == Header(hashlib.sha256(body).hexdigest()[:12], body.count(b"\n"))
    assert first == f"herd-gazetteer 1\t{header.version}\t{header.count}".encode()
    assert header.count > 250_000


def test_a_damaged_table_says_what_to_do(tmp_path: Path, small_table: Path) -> None:
    path = tmp_path / "t"
    with pytest.raises(HerdError, match=r"cannot be read: .*; install herd again"):
        read_header(path)
    path.write_bytes(b"no xz")
    with pytest.raises(HerdError, match="install herd again"):
        read_header(path)
    path.write_bytes(lzma.compress(b"something\telse\t1\n"))
    with pytest.raises(HerdError, match="is not this herd's gazetteer"):
        read_header(path)
    path.write_bytes(small_table.read_bytes()[:-40])
    with pytest.raises(HerdError, match="install herd again"):
        list(read_places(path))
