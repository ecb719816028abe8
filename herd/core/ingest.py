"""The hot path: chunks of whole lines -> answers, and what is news.

Nearly every chunk that a busy server reads is a row of reports, or of a neighbor's records, in the one form
in which programs send them. Such a chunk is taken in one go. One regular expression says that it is such a
row; then it needs no parsing, only cutting, and what AT lines begin with is made for all reports at once (see
`beginnings`). Each line is one look into the cache, and out come one joined reply and one dictionary of what
is news, client id -> AT line. The reply line *is* the flood line. For a few lines all this would be more
trouble than it saves: they are found and made one by one.

Any other chunk is declined, with None, before anything is done with it: then the strict parsers take it, line
by line, and `Replica` answers command by command. That is the specification. What is here gives the same
answers, leaves the same cache, and calls the same things news; tests compare the two on whatever comes to
mind.

Times are compared as bytes where both have ten digits, a point and nine decimals, as the clocks of programs
give them; then their order is that of their bytes, exactly. The expression sees to the times of a chunk, and
the cache counts the unusual ones that it holds, mostly none. All others go the long way.

This module is the reference. `herd.core._native` has the same functions and the cache that they work on,
compiled; `native` says which of them a server uses.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache as remember
from itertools import accumulate, islice
from operator import add
from typing import TYPE_CHECKING, Final, TypeAlias
from zlib import crc32

from herd.core.beginnings import beginnings
from herd.core.cache import LEAF_SHIFT, SHARD_SHIFT, Cache
from herd.core.position import PLAIN_POSITION, USUAL_POSITION
from herd.core.record import (
    BLANK,
    BLANK_AT,
    NS_PER_S,
    POINT,
    POINT_AT,
    USUAL_TIME,
    difference,
    has_usual_time,
    is_newer,
    make_line,
    received_ns,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence

Fresh: TypeAlias = dict[bytes, bytes]
"""What is news: client id -> AT line."""

Records: TypeAlias = list[tuple[bytes, bytes, bytes]]
"""AT lines, each with its difference and its client id."""

Made: TypeAlias = "Iterable[tuple[bytes, int, bytes, bytes]]"
"""AT lines made of reports. Each comes after its client id, that one's checksum, and the report's time where
that is usual, or else nothing."""

_WORD: Final = rb"[^ \t\n\r\f\v]"
_ID: Final = _WORD + rb"{1,%d}+"
_TIME: Final = rb"[0-9]{10}+\.[0-9]{9}+"
_USUAL_REPORT: Final = rb"^IAMAT ((" + _ID + rb") " + USUAL_POSITION + rb" (" + _TIME + rb"))%b"
# Quicker than one of `_WORD`, a loop over `[^ ]` leaves it to the caller to find other white space.
_USUAL_REPORTS: Final = rb"(?:IAMAT [^ ]{1,%d}+ " + USUAL_POSITION + rb" " + _TIME + rb"%b)++"
_USUAL_RECORDS: Final = (
    rb"(?:AT [^ ]++ [+-][0-9]{1,20}+\.[0-9]{9} [^ ]{1,%d}+ " + USUAL_POSITION + rb" " + _TIME + rb"%b)++"
)
_REPORT: Final = rb"^IAMAT (" + _ID + rb") (" + PLAIN_POSITION + rb") ([0-9]{1,20}+(?:\.[0-9]{1,20}+)?+)%b"
_RECORD: Final = re.compile(
    rb"^(AT " + _WORD + rb"++ ([+-][0-9]++\.[0-9]{9}) (" + _WORD + rb"++) " + PLAIN_POSITION + rb" "
    rb"[0-9]++(?:\.[0-9]++)?+)\n",
    re.MULTILINE,
)

_IAMAT: Final = b"IAMAT "
_TIME_OF_LINE: Final = slice(-USUAL_TIME, None)
_FEW_REPORTS: Final = 900
_FEW_RECORDS: Final = 400
"""Bytes of lines that are as quick one by one: a dozen reports, four records."""
_USUAL_LINE: Final = 64
"""Bytes of an AT line, rather too few than too many."""
_SHORTEST_LINE: Final = len(b"AT A +0.000000000 c +0+0 0")
_MARGIN_S: Final = 1.0
"""How far from a bound a moment must be for a float to tell on which side it is; it errs by a microsecond."""


@remember
def _expression(pattern: bytes, longest_id: int, ending: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern % (longest_id, ending), re.MULTILINE)


def ingest(  # noqa: PLR0913, PLR0917 - plain arguments, by position: the compiled one takes them so
    cache: Cache,
    lines: bytes,
    prefix: bytes,
    now_ns: int,
    longest_id: int,
    is_owed: bool,  # noqa: FBT001 - likewise
) -> tuple[bytes, Fresh, int] | None:
    """Take clients' IAMATs, received at `now_ns`; return their joined answers, the news, and their number.

    `prefix` begins every AT line of this server; no client id may be longer than `longest_id`. Where nobody
    is owed the news, none is returned. None if a line is anything but a plain IAMAT, or lines end in
    different ways.
    """
    ending = b"\r\n" if b"\r" in lines else b"\n"
    make = _make_few if len(lines) < _FEW_REPORTS else _make_many
    made = make(lines, ending, prefix, now_ns, longest_id)
    if made is None:
        made = _make_others(lines, ending, prefix, now_ns, longest_id)
        if made is None:
            return None
    shards, dirty = cache.shards, cache.dirty
    are_usual = not cache.unusual_times
    fresh: Fresh = {}
    answers: list[bytes] = []
    for client_id, checksum, time, line in made:
        shard = shards[checksum >> SHARD_SHIFT]
        held = shard.get(client_id)
        if held is not None and held[_TIME_OF_LINE] < time and (are_usual or has_usual_time(held)):
            shard[client_id] = fresh[client_id] = line
            dirty[checksum >> LEAF_SHIFT] = 1
            answers.append(line)
        else:
            answers.append(_settle(cache, client_id, line, now_ns, fresh))
    count = len(answers)
    answers.append(b"")
    return ending.join(answers), fresh if is_owed else {}, count


def _make_few(lines: bytes, ending: bytes, prefix: bytes, now_ns: int, longest_id: int) -> Made | None:
    """Make the AT lines of some reports that have a usual time; None if there is anything else."""
    found = _expression(_USUAL_REPORT, longest_id, ending).findall(lines)
    if not found or len(found) != lines.count(b"\n"):
        return None
    made = []
    for report, client_id, time in found:
        elapsed_ns = now_ns - int(time.replace(b".", b"", 1))
        if elapsed_ns >= 0:
            line = b"%b+%d.%09d %b" % (prefix, elapsed_ns // NS_PER_S, elapsed_ns % NS_PER_S, report)
        else:
            line = b"%b%b %b" % (prefix, difference(now_ns, time), report)
        made.append((client_id, crc32(client_id), time, line))
    return made


def _make_many(lines: bytes, ending: bytes, prefix: bytes, now_ns: int, longest_id: int) -> Made | None:
    """Do the same for many reports at once."""
    if _expression(_USUAL_REPORTS, longest_id, ending).fullmatch(lines) is None:
        return None
    reports = lines[len(_IAMAT) : -len(ending)].split(ending + _IAMAT)
    fields = b" ".join(reports).split(b" ")
    # The expression found three blanks for each ending: that there is no other ending, the counts tell.
    if not len(fields) == 3 * len(reports) == 3 * lines.count(b"\n") or _has_odd_space(lines):
        return None
    ids, times = fields[::3], fields[2::3]
    made = map(add, beginnings(prefix, now_ns, times), reports)
    return zip(ids, map(crc32, ids), times, made, strict=True)


def _has_odd_space(lines: bytes) -> bool:
    """Tell whether there is white space but for blanks and the endings of lines."""
    if b"\r" in lines and lines.count(b"\r") != lines.count(b"\r\n"):
        return True
    return b"\t" in lines or b"\f" in lines or b"\v" in lines


def _make_others(lines: bytes, ending: bytes, prefix: bytes, now_ns: int, longest_id: int) -> Made | None:
    """Do the same for plain reports whatever their times; None if there is anything else."""
    reports = _expression(_REPORT, longest_id, ending).findall(lines)
    if len(reports) != lines.count(b"\n"):
        return None
    return [(each[0], crc32(each[0]), b"", make_line(prefix, now_ns, *each)) for each in reports]


def answer(cache: Cache, report: Sequence[bytes], prefix: bytes, now_ns: int, fresh: Fresh) -> bytes:
    """Return the answer to one report, without its ending; what is news goes to `fresh`.

    The report is a client id, a position and a time. The answer is the herd's current AT line of that client:
    the one just made, or the one held if the report is a retry or too late.
    """
    client_id, position, time = report
    line = make_line(prefix, now_ns, client_id, position, time)
    return _settle(cache, client_id, line, now_ns, fresh)


def _settle(cache: Cache, client_id: bytes, line: bytes, now_ns: int, fresh: Fresh) -> bytes:
    """Return the answer to the report that an AT line has been made of."""
    held = cache.peek(client_id)
    report = line.split(b" ", 3)[3]
    if held is not None and held.endswith(b" " + report) and not cache.is_expired(held, now_ns):
        return held
    if cache.offer(client_id, line, now_ns, now_ns):
        fresh[client_id] = line
        return line
    return held or line


def learn(  # noqa: PLR0913, PLR0917 - plain arguments, by position: the compiled one takes them so
    cache: Cache,
    lines: bytes,
    waiting: MutableMapping[bytes, bytes],
    now_ns: int,
    latest_ns: int,
    longest_id: int,
    longest_line: int,
) -> tuple[Fresh, int, int] | None:
    """Take a neighbor's records; return the news, the number of records, and of those that were refused.

    `waiting` is what the neighbor is itself owed: what it has shown to have is taken out. A record that its
    origin received after `latest_ns` is refused. None if a line is anything but a plain record, or too long.
    """
    bounds_s = (now_ns - cache.lifetime_ns) / NS_PER_S + _MARGIN_S, latest_ns / NS_PER_S - _MARGIN_S
    found = _find_records(lines, longest_id, longest_line, bounds_s)
    if found is None:
        return None
    records, are_usual = found
    are_usual = are_usual and not cache.unusual_times
    shards, dirty = cache.shards, cache.dirty
    fresh: Fresh = {}
    refused = 0
    for line, elapsed, client_id in records:
        if waiting and client_id in waiting:
            forget(waiting, client_id, line)
        checksum = crc32(client_id)
        shard = shards[checksum >> SHARD_SHIFT]
        held = shard.get(client_id)
        if line == held:
            continue
        if (
            held is not None
            and held[_TIME_OF_LINE] < line[_TIME_OF_LINE]
            and (are_usual or _are_usual(held, line, elapsed, bounds_s))
        ):
            shard[client_id] = fresh[client_id] = line
            dirty[checksum >> LEAF_SHIFT] = 1
            continue
        received = received_ns(line)
        if received > latest_ns:
            refused += 1
        elif cache.offer(client_id, line, received, now_ns):
            fresh[client_id] = line
    return fresh, len(records), refused


def _find_records(
    lines: bytes, longest_id: int, longest_line: int, bounds_s: tuple[float, float]
) -> tuple[Records, bool] | None:
    """Find the records that whole lines are, and whether all are usual; None if there is anything else.

    Usual is one whose time is, and that its origin clearly received between the bounds.
    """
    if len(lines) < _FEW_RECORDS or not _expression(_USUAL_RECORDS, longest_id, b"\n").fullmatch(lines):
        found = _RECORD.findall(lines)
        if len(found) != lines.count(b"\n"):
            return None
        for line, _, client_id in found:
            if len(line) > longest_line or len(client_id) > longest_id:
                return None
        return found, False
    rows = lines[:-1].split(b"\n")
    fields = lines[:-1].replace(b"\n", b" ").split(b" ")
    is_plain = len(fields) == 6 * len(rows) and not _has_odd_space(lines)
    if not is_plain or max(map(len, rows)) > longest_line:
        return None
    differences, times = fields[2::6], fields[5::6]
    most_s = 10.0 ** (max(map(len, differences)) - len(b"+.000000000"))
    are_usual = bounds_s[0] < float(min(times)) - most_s and float(max(times)) + most_s < bounds_s[1]
    return list(zip(rows, differences, fields[3::6], strict=True)), are_usual


def _are_usual(held: bytes, line: bytes, elapsed: bytes, bounds_s: tuple[float, float]) -> bool:
    """Tell whether two records have usual times, and the second was clearly received between the bounds."""
    time, held_time = line[_TIME_OF_LINE], held[_TIME_OF_LINE]
    return (
        line[BLANK_AT] == held[BLANK_AT] == BLANK
        and line[POINT_AT] == held[POINT_AT] == POINT
        and BLANK not in time + held_time
        and bounds_s[0] < float(elapsed) + float(time) < bounds_s[1]
    )


def forget(waiting: MutableMapping[bytes, bytes], client_id: bytes, line: bytes) -> None:
    """Drop what waits for a client, unless it is newer than `line`."""
    waits = waiting.get(client_id)
    if waits is not None and not is_newer(waits, line):
        del waiting[client_id]


def take(waiting: dict[bytes, bytes], max_bytes: int) -> list[bytes]:
    """Take the AT lines that have waited longest: one if any waits, and at most about `max_bytes`."""
    lines = list(islice(waiting.values(), max_bytes // _USUAL_LINE + 1))
    size = sum(map(len, lines))
    if size < max_bytes and len(lines) < len(waiting):
        lines = list(islice(waiting.values(), max_bytes // _SHORTEST_LINE + 1))
        size = sum(map(len, lines))
    if size > max_bytes:
        before = list(accumulate(map(len, lines), initial=0))
        del lines[bisect_left(before, max(1, max_bytes)) :]
    if len(lines) == len(waiting):
        waiting.clear()
    else:
        for client_id in list(islice(waiting, len(lines))):
            del waiting[client_id]
    return lines
