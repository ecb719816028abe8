"""The bytes of a trace: a head, blocks of events, a foot.

An event is a row `(kind, time_ns, host, peer, flow, size, excerpt)`. A block holds up to 4,096 of them as
columns, because the values of a column resemble each other: times as steps from the event before, numbers as
planes of bytes (all the lowest bytes, then all the next ones), each excerpt once, with a column that says
which. A flood repeats one line dozens of times, so the columns are small before anything compresses them, and
making them is a few calls into C for thousands of events.

    head    MAGIC, version u16, length u32, check u32, JSON of the header
    block   TAG_BLOCK, length u32, events u32, check of the body u32, check of these fields u32, body (zlib)
    foot    TAG_FOOT, events u64, digest (16 bytes), check u32

An excerpt is at most 96 bytes, or 100: then it is 96 of something longer that went over the network, and the
CRC-32 of the whole, so that the digest of a trace is of every byte.

Numbers are little-endian, checks are CRC-32. A block depends on no other one, so a file that a crash cut
short is good up to its last whole block.
"""

from __future__ import annotations

import sys
from array import array
from itertools import accumulate, pairwise
from operator import sub
from struct import Struct
from typing import TYPE_CHECKING, Final, TypeAlias

from herd.sim.engine.kinds import DATAGRAM, DATAGRAM_IN, DELIVER, SEND

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAGIC: Final = b"\x89SIMTRACE\r\n"
VERSION: Final = 1
TAG_BLOCK: Final = b"B"
TAG_FOOT: Final = b"E"
HEAD: Final = Struct("<HII")
BLOCK: Final = Struct("<III")
CHECK: Final = Struct("<I")
FOOT: Final = Struct("<Q16s")

BLOCK_EVENTS: Final = 4096
"""Large enough that the columns compress, small enough that a crash loses little."""

EXCERPT_BYTES: Final = 96
"""Room for most lines of a protocol; its length fits a byte."""

NETWORK: Final = frozenset({SEND, DELIVER, DATAGRAM, DATAGRAM_IN})
"""Kinds of events whose data are bytes on the network."""

CHECKED: Final = frozenset({SEND, DATAGRAM})
"""Kinds of events whose bytes all count: what is sent. What arrives is the same bytes once more."""

Row: TypeAlias = tuple[int, int, int, int, int, int, bytes]

_WIDE: Final = 8
_NARROW: Final = 4
_SHORT: Final = 2
_FIXED_BYTES: Final = 1 + _WIDE + _NARROW + _NARROW + _WIDE + _WIDE + _SHORT
_CODES: Final = {_SHORT: "H", _NARROW: "I", _WIDE: "q"}


class BadBlockError(ValueError):
    """The bytes of a block that no writer makes."""


def encode(rows: Sequence[Row]) -> bytes:
    """Return the columns of `rows`; the digest of a trace is made of these bytes.

    Raise OverflowError for a host or peer that is no unsigned 32-bit number, or a time, flow or size that is
    no signed 64-bit number.
    """
    kinds, times, hosts, peers, flows, sizes, excerpts = zip(*rows, strict=True)
    texts = list(dict.fromkeys(excerpts))
    place = dict(zip(texts, range(len(texts)), strict=True))
    return b"".join(
        (
            bytes(kinds),
            _planes(map(sub, times, (0, *times[:-1])), _WIDE),
            _planes(hosts, _NARROW),
            _planes(peers, _NARROW),
            _planes(flows, _WIDE),
            _planes(sizes, _WIDE),
            _planes(map(place.__getitem__, excerpts), _SHORT),
            bytes(map(len, texts)),
            *texts,
        )
    )


def decode(body: bytes, count: int) -> list[Row]:
    """Return the rows whose columns are `body`; raise BadBlockError for bytes that are not `count` rows."""
    if not 0 < count <= BLOCK_EVENTS or len(body) < count * _FIXED_BYTES:
        raise BadBlockError(f"{len(body)} bytes are not {count} events")
    at = count
    columns: list[array[int]] = []
    for width in (_WIDE, _NARROW, _NARROW, _WIDE, _WIDE, _SHORT):
        columns.append(_numbers(body[at : at + width * count], width))
        at += width * count
    steps, hosts, peers, flows, sizes, places = columns
    texts = _texts(body, at, max(places) + 1)
    excerpts = map(texts.__getitem__, places)
    return list(zip(body[:count], accumulate(steps), hosts, peers, flows, sizes, excerpts, strict=True))


def _planes(numbers: Iterable[int], width: int) -> bytes:
    column = array(_CODES[width], numbers)
    if sys.byteorder == "big":
        column.byteswap()
    raw = column.tobytes()
    return b"".join([raw[plane::width] for plane in range(width)])


def _numbers(planes: bytes, width: int) -> array[int]:
    count = len(planes) // width
    raw = bytearray(len(planes))
    for plane in range(width):
        raw[plane::width] = planes[plane * count : (plane + 1) * count]
    column = array(_CODES[width], bytes(raw))
    if sys.byteorder == "big":
        column.byteswap()
    return column


def _texts(body: bytes, at: int, count: int) -> list[bytes]:
    lengths = body[at : at + count]
    ends = list(accumulate(lengths, initial=at + count))
    if len(lengths) != count or ends[-1] != len(body):
        raise BadBlockError(f"{len(body)} bytes do not hold {count} excerpts")
    return [body[start:end] for start, end in pairwise(ends)]
