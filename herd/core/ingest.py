"""The hot path: chunks of whole lines -> answers, and what is news.

Nearly every chunk that a busy server reads is a row of reports, or of a neighbor's records, in the one form
in which programs send them. Such a chunk is taken in one go: one regular expression finds its lines, each
line is one look into the cache, and out come one joined reply and one dictionary of what is news, client id
-> AT line. The reply line *is* the flood line, and nothing is made for a line that is not kept.

Any other chunk is declined, with None, before anything is done with it: then the strict parsers take it, line
by line, and `Replica` answers command by command. That is the specification. What is here gives the same
answers, leaves the same cache, and calls the same things news; tests compare the two on whatever comes to
mind.

Times are compared as bytes where both have ten digits, a point and nine decimals, as the clocks of programs
give them; then their order is that of their bytes, exactly. All others go the long way.

This module is the reference. `herd.core._native` has the same functions and the cache that they work on,
compiled; `native` says which of them a server uses.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache as remember
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final, TypeAlias
from zlib import crc32

from herd.core.cache import LEAF_SHIFT, SHARD_SHIFT, Cache
from herd.core.position import PLAIN_POSITION
from herd.core.record import (
    BLANK,
    BLANK_AT,
    NS_PER_S,
    POINT,
    POINT_AT,
    USUAL_TIME,
    is_newer,
    make_line,
    received_ns,
)

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

Fresh: TypeAlias = dict[bytes, bytes]
"""What is news: client id -> AT line."""

_WORD: Final = rb"[^ \t\n\r\f\v]"
_REPORT: Final = (
    rb"^IAMAT ((" + _WORD + rb"{1,%d}+) " + PLAIN_POSITION + rb" ([0-9]{1,20}+(?:\.[0-9]{1,20}+)?+))\r?\n"
)
_RECORD: Final = re.compile(
    rb"^(AT " + _WORD + rb"++ ([+-][0-9]++\.[0-9]{9}) (" + _WORD + rb"++) " + PLAIN_POSITION + rb" "
    rb"[0-9]++(?:\.[0-9]++)?+)\n",
    re.MULTILINE,
)

_USUAL_LINE: Final = 64
"""Bytes of an AT line, rather too few than too many."""
_SHORTEST_LINE: Final = len(b"AT A +0.000000000 c +0+0 0")
_MARGIN_S: Final = 1.0
"""How far from a bound a moment must be for a float to tell on which side it is; it errs by a microsecond."""


@remember
def _report_finder(longest_id: int) -> Callable[[bytes], list[tuple[bytes, bytes, bytes]]]:
    return re.compile(_REPORT % longest_id, re.MULTILINE).findall


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
    reports = _report_finder(longest_id)(lines)
    ending = _ending_of_all(lines)
    if ending is None or len(reports) != lines.count(b"\n"):
        return None
    shards, dirty = cache.shards, cache.dirty
    fresh: Fresh = {}
    answers: list[bytes] = []
    for fields, client_id, time in reports:
        checksum = crc32(client_id)
        shard = shards[checksum >> SHARD_SHIFT]
        held = shard.get(client_id)
        if (
            held is not None
            and len(time) == USUAL_TIME
            and held[BLANK_AT] == BLANK
            and time[POINT_AT] == held[POINT_AT] == POINT
            and BLANK not in (held_time := held[-USUAL_TIME:])
            and held_time < time
        ):
            elapsed_ns = now_ns - int(time.replace(b".", b"", 1))
            if elapsed_ns >= 0:
                line = b"%b+%d.%09d %b" % (prefix, elapsed_ns // NS_PER_S, elapsed_ns % NS_PER_S, fields)
                shard[client_id] = fresh[client_id] = line
                dirty[checksum >> LEAF_SHIFT] = 1
                answers.append(line)
                continue
        answers.append(answer(cache, fields.split(b" "), prefix, now_ns, fresh))
    answers.append(b"")
    return ending.join(answers), fresh if is_owed else {}, len(reports)


def answer(cache: Cache, report: Sequence[bytes], prefix: bytes, now_ns: int, fresh: Fresh) -> bytes:
    """Return the answer to one report, without its ending; what is news goes to `fresh`.

    The report is a client id, a position and a time. The answer is the herd's current AT line of that client:
    the one just made, or the one held if the report is a retry or too late.
    """
    client_id, position, time = report
    held = cache.peek(client_id)
    if (
        held is not None
        and held.endswith(b" %b %b %b" % (client_id, position, time))
        and not cache.is_expired(held, now_ns)
    ):
        return held
    line = make_line(prefix, now_ns, client_id, position, time)
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
    records = _records_in(lines, longest_id, longest_line)
    if records is None:
        return None
    shards, dirty = cache.shards, cache.dirty
    since_s, until_s = (now_ns - cache.lifetime_ns) / NS_PER_S + _MARGIN_S, latest_ns / NS_PER_S - _MARGIN_S
    fresh: Fresh = {}
    refused = 0
    for line, difference, client_id in records:
        if (
            waiting
            and (waits := waiting.get(client_id)) is not None
            and (waits == line or not is_newer(waits, line))
        ):
            del waiting[client_id]
        checksum = crc32(client_id)
        shard = shards[checksum >> SHARD_SHIFT]
        held = shard.get(client_id)
        if line == held:
            continue
        if (
            held is not None
            and line[BLANK_AT] == held[BLANK_AT] == BLANK
            and line[POINT_AT] == held[POINT_AT] == POINT
            and (held_time := held[-USUAL_TIME:]) < (time := line[-USUAL_TIME:])
            and BLANK not in time + held_time
            and since_s < float(difference) + float(time) < until_s
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


def _records_in(lines: bytes, longest_id: int, longest_line: int) -> list[tuple[bytes, bytes, bytes]] | None:
    """Return the line, the difference and the client id of each record; None if there is anything else."""
    records = _RECORD.findall(lines)
    if len(records) != lines.count(b"\n"):
        return None
    for line, _, client_id in records:
        if len(line) > longest_line or len(client_id) > longest_id:
            return None
    return records


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


def _ending_of_all(lines: bytes) -> bytes | None:
    if b"\r" not in lines:
        return b"\n"
    return b"\r\n" if lines.count(b"\r\n") == lines.count(b"\n") else None
