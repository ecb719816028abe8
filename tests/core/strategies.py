"""What clients and neighbors may send, the boundaries first, and an independent way to order it."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from hypothesis import strategies as st

from herd.core.record import make_line, origin_prefix

Order: TypeAlias = tuple[Fraction, bytes, bytes]

WHITE_SPACE = b" \t\n\r\x0b\x0c"
NOW_NS = 1_479_413_884_655_887_836
"""The clock of Alford in the specification's example."""

_CHUNK_DIGITS = 1000
_NUMERAL = re.compile(rb"([+-]?)([0-9]+)(?:\.([0-9]+))?")

# Times that are near one another or equal, in every shape that a time may have.
_NEAR_TIMES = (
    b"0 00 0.0 0.000000000 0.0000000005 0.0000000015 0.00000000050000000000001 0.999999999 0.99999999949 "
    b"1 01 1.0 1.000000000 001.000000000 1.0000000001 9 10 9.5 10.5 9.50 09.5 99.9 100.1 "
    b"1479413884.392014450 1479413884.39201445 1479413884.3920144500 1479413884 1479413885 "
    b"01479413884.392014450 1479413884.3920144500000000000000000000000000000000000001"
).split()


def digits(min_size: int = 1, max_size: int = 12) -> st.SearchStrategy[bytes]:
    return st.text("0123456789", min_size=min_size, max_size=max_size).map(str.encode)


def long_digits() -> st.SearchStrategy[bytes]:
    """Give up to 2,500 digits, most of them the same, so that they are cheap to generate and to shrink."""
    fill = st.builds(bytes.__mul__, st.sampled_from([b"0", b"9", b"5"]), st.integers(0, 2476))
    return st.tuples(digits(), fill, digits(0)).map(b"".join)


def plain_times() -> st.SearchStrategy[bytes]:
    """Give times with nine decimals, as clients' libraries print them."""
    return st.builds(b"%d.%09d".__mod__, st.tuples(st.integers(0, 10**11), st.integers(0, 10**9 - 1)))


def times() -> st.SearchStrategy[bytes]:
    """Give times of every shape, from one digit to 5,000."""
    return st.one_of(
        st.sampled_from(_NEAR_TIMES),
        plain_times(),
        digits(),
        st.tuples(digits(), st.just(b"."), digits(1, 30)).map(b"".join),
        long_digits(),
        st.tuples(long_digits(), st.just(b"."), long_digits()).map(b"".join),
    )


def clocks() -> st.SearchStrategy[int]:
    """Give servers' clocks, in nanoseconds."""
    return st.one_of(st.just(NOW_NS), st.integers(0, 10**20), st.integers(NOW_NS - 3, NOW_NS + 3))


def client_ids(max_size: int = 8) -> st.SearchStrategy[bytes]:
    """Give ids of any bytes but white space."""
    alphabet = bytes(byte for byte in range(256) if byte not in WHITE_SPACE)
    return st.lists(st.sampled_from(alphabet), min_size=1, max_size=max_size).map(bytes)


def positions() -> st.SearchStrategy[bytes]:
    """Give what looks like positions: valid ones, and those just outside."""
    sign = st.sampled_from([b"+", b"+", b"-", b"-", b"", b" "])
    whole = st.sampled_from(
        b"0 00 9 10 34 89 90 91 099 090 0090 99 100 118 0118 179 180 181 0180 190 199 1179 1799 900".split()
    )
    zeros = st.sampled_from([0, 1, 8, 18, 19, 20, 21, 40]).map(lambda count: b"." + b"0" * count)
    fraction = st.one_of(
        st.just(b""),
        st.tuples(zeros, st.sampled_from([b"", b"1"])).map(b"".join),
        st.sampled_from([b".5", b".445127", b".", b".5.5", b"e1"]),
    )
    return st.tuples(sign, whole, fraction, sign, whole, fraction).map(b"".join)


def records(client_id: bytes = b"kiwi") -> st.SearchStrategy[bytes]:
    """Give AT lines of one client, many of them alike but for one field."""
    return st.builds(
        make_line,
        st.sampled_from(["Alford", "Ball", "Bal", "Welsh", "Ångström"]).map(origin_prefix),
        clocks(),
        st.just(client_id),
        st.sampled_from([b"+34.068930-118.445127", b"+34.06893-118.445127", b"-0.0+0.0"]),
        times(),
    )


def exact(numeral: bytes) -> Fraction:
    """Read a decimal numeral by whole numbers alone, however long it is."""
    match = _NUMERAL.fullmatch(numeral)
    assert match is not None, numeral
    sign, whole, fraction = match[1], match[2], match[3] or b""
    size = Fraction(_whole(whole + fraction), 10 ** len(fraction))
    return -size if sign == b"-" else size


def order(line: bytes) -> Order:
    """Return what the contract orders AT lines by."""
    _, origin, _, _, _, time = line.split(b" ")
    return exact(time), origin, line


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut `data` into segments at `places`, which may be anything."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


def _whole(text: bytes) -> int:
    """Read digits a chunk at a time: Python refuses to read over 4,300 of them at once."""
    value = 0
    for start in range(0, len(text), _CHUNK_DIGITS):
        chunk = text[start : start + _CHUNK_DIGITS]
        value = value * 10 ** len(chunk) + int(chunk)
    return value
