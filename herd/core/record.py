"""A client's report, and the order of reports.

The AT line *is* the record: what a server stores, sends to its neighbors and writes to a client are the same
bytes, `AT <origin> <difference> <client id> <position> <time>`, without the line ending.

Records of one client are totally ordered by (client time, origin name, the line's bytes). The greater one is
newer and wins on every server, whatever order they arrive in. There are no ties, so nothing can circle: a
server forwards a record only when its own grew.

Times are decimal numerals of any length and are compared exactly. A float would lose digits, so a time is
never made one. Numerals of the same shape (as many digits, the point in the same place) compare as their
bytes do, which is nearly always the case and costs a tenth of a microsecond; all others compare as decimals.
"""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from typing import Final

NS_PER_S: Final = 10**9

DECIMALS: Final = 9
"""Of a difference."""
USUAL_TIME: Final = 20
"""Bytes of a time with ten digits, a point and nine decimals. Where an AT line has one, these stand at:"""
POINT_AT: Final = -10
BLANK_AT: Final = -21
POINT: Final = ord(b".")
BLANK: Final = ord(b" ")

_PLAIN_LENGTH: Final = 40
_EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_EVEN)
_NANOSECOND: Final = Decimal(1).scaleb(-DECIMALS)


def origin_prefix(origin: str) -> bytes:
    """Return the beginning of every AT line that `origin` makes."""
    return b"AT %b " % origin.encode("utf-8")


def make_line(prefix: bytes, now_ns: int, client_id: bytes, position: bytes, time: bytes) -> bytes:
    """Make the AT line of a report that a server got at `now_ns`, its POSIX clock in nanoseconds."""
    return b"%b%b %b %b %b" % (prefix, difference(now_ns, time), client_id, position, time)


def difference(now_ns: int, time: bytes) -> bytes:
    """Return the server's clock minus the client's time in seconds: signed, nine decimals, half to even."""
    if time[POINT_AT : POINT_AT + 1] == b"." and len(time) <= _PLAIN_LENGTH:  # as `_is_plain`, but quicker
        elapsed_ns = now_ns - int(time.replace(b".", b"", 1))
        if elapsed_ns >= 0:
            return b"+%d.%09d" % (elapsed_ns // NS_PER_S, elapsed_ns % NS_PER_S)
        return b"-%d.%09d" % (-elapsed_ns // NS_PER_S, -elapsed_ns % NS_PER_S)
    now = Decimal(now_ns).scaleb(-DECIMALS, context=_EXACT)
    elapsed = _EXACT.quantize(_EXACT.subtract(now, Decimal(time.decode("ascii"))), _NANOSECOND)
    return f"{elapsed or abs(elapsed):+f}".encode("ascii")


def _is_plain(time: bytes) -> bool:
    """Tell whether a time has nine decimals and a size that integers are quick with: nearly all have."""
    return time[-DECIMALS - 1 : -DECIMALS] == b"." and len(time) <= _PLAIN_LENGTH


def _nanoseconds(numeral: bytes) -> int:
    """Read a numeral that has exactly nine decimals."""
    return int(numeral.replace(b".", b"", 1))


def has_usual_time(line: bytes) -> bool:
    """Tell whether the time of an AT line has ten digits, a point and nine decimals."""
    return line[BLANK_AT] == BLANK and line[POINT_AT] == POINT and BLANK not in line[-USUAL_TIME:]


def compare_times(one: bytes, other: bytes) -> int:
    """Compare two times exactly: -1, 0 or 1 as `one` is less than, equal to or greater than `other`."""
    if len(one) != len(other) or one.find(b".") != other.find(b"."):
        left, right = Decimal(one.decode("ascii")), Decimal(other.decode("ascii"))
        return (left > right) - (left < right)
    return (one > other) - (one < other)


def time_of(line: bytes) -> bytes:
    """Return the client's time as it stands in an AT line."""
    return line[line.rindex(b" ") + 1 :]


def origin_of(line: bytes) -> bytes:
    """Return the name of the server that made an AT line."""
    return line[3 : line.index(b" ", 3)]


def client_of(line: bytes) -> bytes:
    """Return the client id of an AT line."""
    return line.split(b" ", 4)[3]


def position_of(line: bytes) -> bytes:
    """Return the position as it stands in an AT line."""
    return line.rsplit(b" ", 2)[1]


def is_newer(line: bytes, held: bytes) -> bool:
    """Tell whether `line` is greater than `held` in the order of records; both are AT lines of one client."""
    time, held_time = line[-USUAL_TIME:], held[-USUAL_TIME:]
    if (
        time[POINT_AT] == held_time[POINT_AT] == POINT
        and line[BLANK_AT] == held[BLANK_AT] == BLANK
        and BLANK not in time + held_time
        and time != held_time
    ):
        return time > held_time
    order = compare_times(time_of(line), time_of(held))
    if order:
        return order > 0
    return (origin_of(line), line) > (origin_of(held), held)


def received_ns(line: bytes) -> int:
    """Return when the record's origin received it, in POSIX nanoseconds on the origin's clock.

    It is computed from the line alone (client time plus difference, rounded down), so every server that holds
    the record agrees about the moment at which it expires.
    """
    elapsed = line.split(b" ", 3)[2]
    time = time_of(line)
    if _is_plain(time) and len(elapsed) <= _PLAIN_LENGTH:
        return _nanoseconds(elapsed) + _nanoseconds(time)
    exact = _EXACT.add(Decimal(elapsed.decode("ascii")), Decimal(time.decode("ascii")))
    return math.floor(exact.scaleb(DECIMALS, context=_EXACT))
