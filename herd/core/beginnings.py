r"""What the AT lines of a whole chunk begin with, made at once.

An AT line begins with its origin and a difference: the server's clock minus the client's time, to the
nanosecond. `record.difference` computes one. To read a number, subtract it and print it takes Python as long
as most of what else is done for a report, so the differences of a chunk are computed as one number.

The times stand in a row as text, each in a field of its own, a byte for a digit. Read to the base of 256 the
row is one large number, which is subtracted from as many copies of the clock:

    \n1479413884.655887836_   the clock
    \n1479413881.392014450_   a time
    \n0000000003.263873386_   the difference; if it were negative, a tab would stand for the line break

Borrows must go by tens. So each digit gets 255 on top, and the last one of a field 1 more: now a byte
overflows into the one on its left just where its digit has no need to borrow. A byte that did not overflow
has 246 too many, which shows in its upper bit, and is put right. The point's byte, with 255 on top, hands on
what it gets. What the first digit of a field hands on tells that the difference is not negative.

To add numbers as long as a chunk takes a few nanoseconds a field, and all of this is exact.
"""

from __future__ import annotations

import re
from typing import Final

from herd.core.record import NS_PER_S, difference

_MOST: Final = 512
"""Fields of the longest number."""
_CLOCKS: Final = range(10**18, 10**19)
"""Clocks, in nanoseconds, that have as many digits as the times."""

_POSITIVE, _NEGATIVE, _END = b"\n", b"\t", b" "
_FIELD_BITS: Final = 8 * 22
_EXCESS: Final = 246
_LEADING_ZEROS: Final = b"0" * 9
_ANY_LEADING_ZEROS: Final = re.compile(_POSITIVE + rb"0{0,9}+")


def _row(sign: bytes, digits: bytes, point: bytes, decimals: bytes, end: bytes) -> int:
    return int.from_bytes((sign + digits + point + decimals + end) * _MOST, "big")


_ON_TOP: Final = _row(b"\0", b"\xff" * 10, b"\xff", b"\xff" * 9, b"\0") + _row(
    b"\0", bytes(10), b"\0", bytes(8) + b"\1", b"\0"
)
_ALL_BUT_POINTS: Final = _row(b"\xff", b"\xff" * 10, b"\0", b"\xff" * 9, b"\xff")
_UPPER_BITS: Final = _row(b"\0", b"\x80" * 10, b"\0", b"\x80" * 9, b"\0")
_AS_TEXT: Final = _row(_NEGATIVE, b"0" * 10, b".", b"0" * 9, _END)


def beginnings(prefix: bytes, now_ns: int, times: list[bytes]) -> list[bytes]:
    """Return what begins the AT line of each time: the prefix, the difference and a blank.

    There is at least one time, and each is of the usual form: ten digits and nine decimals.
    """
    count = len(times)
    if now_ns not in _CLOCKS:
        return [b"%b%b " % (prefix, difference(now_ns, time)) for time in times]
    if count > _MOST:
        return beginnings(prefix, now_ns, times[:_MOST]) + beginnings(prefix, now_ns, times[_MOST:])
    now = b"%d.%09d" % divmod(now_ns, NS_PER_S)
    clock_row = int.from_bytes((_POSITIVE + now + _END) * count, "big")
    time_row = int.from_bytes(_POSITIVE + (_END + _POSITIVE).join(times) + _END, "big")
    elapsed = _subtract(clock_row, time_row, count)
    found = _cut(elapsed, prefix + b"+")
    if _NEGATIVE not in elapsed:
        return found
    ahead = _cut(_subtract(time_row, clock_row, count), prefix + b"-")
    return [ahead[at] if time > now else found[at] for at, time in enumerate(times)]


def _subtract(row: int, other: int, count: int) -> bytes:
    """Return the fields of the differences; where one is negative, its digits mean nothing."""
    unused_bits = (_MOST - count) * _FIELD_BITS
    sums = row + (_ON_TOP >> unused_bits) - other
    excessive = (sums & (_UPPER_BITS >> unused_bits)) >> 7
    digits = (sums & (_ALL_BUT_POINTS >> unused_bits)) - excessive * _EXCESS
    return (digits + (_AS_TEXT >> unused_bits)).to_bytes(count * _FIELD_BITS // 8, "big")


def _cut(fields: bytes, beginning: bytes) -> list[bytes]:
    """Put a beginning in the place of leading zeros, and cut the fields apart."""
    fields = fields.replace(_NEGATIVE, _POSITIVE)
    if fields.count(_POSITIVE + _LEADING_ZEROS) == len(fields) * 8 // _FIELD_BITS:
        begun = fields.replace(_POSITIVE + _LEADING_ZEROS, _POSITIVE + beginning)
    else:  # some are ten seconds or more
        begun = _ANY_LEADING_ZEROS.sub(lambda _: _POSITIVE + beginning, fields)
    return begun[1:].split(_POSITIVE)
