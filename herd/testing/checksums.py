"""Client ids that all have one checksum, which anybody can make: a hostile client may send a million of them.

A CRC-32 is linear: whatever a text begins with, four bytes more bring its checksum to any value, and
they are found by going backwards through the table with which checksums are computed.
"""

from __future__ import annotations

from itertools import count, islice
from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKSUM: Final = 0x12345678

_POLYNOMIAL: Final = 0xEDB88320
_ALL_BITS: Final = 0xFFFFFFFF
_WHITE_SPACE: Final = frozenset(b" \t\n\r\f\v")


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE: Final = [_entry(byte) for byte in range(256)]
_INDEX_OF: Final = {entry >> 24: index for index, entry in enumerate(_TABLE)}


def with_checksum(beginning: bytes, checksum: int) -> bytes:
    """Return a text that begins so, has four bytes more, and has this CRC-32."""
    indexes: list[int] = []
    state = checksum ^ _ALL_BITS
    for _ in range(4):
        index = _INDEX_OF[state >> 24]
        indexes.append(index)
        state = (state ^ _TABLE[index]) << 8 & _ALL_BITS
    state = crc32(beginning) ^ _ALL_BITS
    for index in reversed(indexes):
        beginning += bytes([(state ^ index) & 0xFF])
        state = state >> 8 ^ _TABLE[index]
    return beginning


def _ids() -> Iterator[bytes]:
    for number in count():
        made = with_checksum(b"client%d." % number, CHECKSUM)
        if not _WHITE_SPACE.intersection(made):
            yield made


def ids_of_one_checksum(number: int) -> list[bytes]:
    """Return so many client ids whose checksum is `CHECKSUM`."""
    return list(islice(_ids(), number))
