"""The pure hot path beside the long way: whatever a chunk holds, and however long it is.

Chunks of some lines and long ones are taken in different ways. So each chunk is told as it is, and again
within a row of usual lines of other clients, which makes it a long one.
"""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from herd.core.cache import LEAVES, SHARDS, Cache
from herd.core.ingest import Fresh, answer, forget, ingest, learn
from herd.core.limits import Limits
from herd.core.linkwire import LinkParser
from herd.core.record import NS_PER_S, has_usual_time, make_line, origin_prefix, received_ns
from herd.core.wire import CommandParser, ending_of
from tests.core.strategies import NOW_NS, times

LIMITS = Limits(client_id_bytes=20, line_bytes=20_000, record_lifetime_s=600.0)
LONGEST_ID = 20
LONGEST_LINE = 300
LATEST_NS = NOW_NS + 30 * NS_PER_S
PREFIX = b"AT Ball "
IS_OWED = True
NOW_TIME = b"1479413884.655887836"

IDS = st.sampled_from([b"a", b"b", b"kiwi.cs.ucla.edu", b"\x00\xff", b"IAMAT", b"x" * 20])
USUAL_TIMES = st.sampled_from(
    [
        b"1479413884.392014450",
        b"1479413884.392014451",
        b"1479413872.000000000",
        NOW_TIME,
        b"1479413885.000000000",
    ]
)
TIMES = st.one_of(USUAL_TIMES, times())
POSITIONS = st.sampled_from([b"+34.068930-118.445127", b"-9.5+9.5", b"+89.9-179.9", b"+0.1+17.5"])
PLAIN_POSITIONS = st.one_of(POSITIONS, st.sampled_from([b"+90-180", b"+7+7", b"+9.0-99"]))


def reports_of(
    position: st.SearchStrategy[bytes], time: st.SearchStrategy[bytes]
) -> st.SearchStrategy[bytes]:
    return st.tuples(IDS, position, time).map(b" ".join)


def records_of(
    position: st.SearchStrategy[bytes], time: st.SearchStrategy[bytes]
) -> st.SearchStrategy[bytes]:
    prefix = st.sampled_from(["Alford", "Welsh"]).map(origin_prefix)
    far_ns = [NOW_NS - 600 * NS_PER_S, NOW_NS - 600 * NS_PER_S + 1, LATEST_NS, LATEST_NS + 1, 5]
    received = st.sampled_from([NOW_NS, NOW_NS, NOW_NS, NOW_NS - NS_PER_S, *far_ns])
    return st.builds(make_line, prefix, received, IDS, position, time)


def rows(usual: st.SearchStrategy[bytes], plain: st.SearchStrategy[bytes]) -> st.SearchStrategy[list[bytes]]:
    """Give some lines, in half of the cases nothing but usual ones."""
    return st.one_of(st.lists(usual, min_size=1, max_size=6), st.lists(plain, min_size=1, max_size=6))


REPORTS = rows(reports_of(POSITIONS, USUAL_TIMES), reports_of(PLAIN_POSITIONS, TIMES))
RECORDS = rows(records_of(POSITIONS, USUAL_TIMES), records_of(PLAIN_POSITIONS, TIMES))
CHUNKS = st.tuples(REPORTS, st.booleans(), st.sampled_from([b"\n", b"\n", b"\r\n"]))


def other_reports(count: int) -> list[bytes]:
    return [b"other%d -9.5+179.25 1479413884.%09d" % (number, number) for number in range(count)]


def other_records(count: int) -> list[bytes]:
    return [make_line(PREFIX, NOW_NS, *report.split(b" ")) for report in other_reports(count)]


def chunk_of(reports: list[bytes], ending: bytes = b"\n") -> bytes:
    return b"".join(b"IAMAT %b%b" % (report, ending) for report in reports)


def state(cache: Cache) -> tuple[object, ...]:
    held = {id_: line for shard in range(SHARDS) for id_, line in cache.shard(shard).items()}
    assert cache.unusual_times == sum(not has_usual_time(line) for line in held.values())
    marks = bytes(cache.dirty)
    cache.dirty[:] = bytes(LEAVES)
    return held, marks


def report_strictly(cache: Cache, chunk: bytes, now_ns: int) -> tuple[bytes, Fresh]:
    fresh: Fresh = {}
    answers: list[bytes] = []
    for command in CommandParser(LIMITS).feed(chunk):
        assert isinstance(command, list)
        for line, *report in command:
            answers.append(answer(cache, report, PREFIX, now_ns, fresh) + ending_of(line))
    return b"".join(answers), fresh


def learn_strictly(cache: Cache, chunk: bytes, waiting: Fresh) -> tuple[Fresh, int]:
    fresh: Fresh = {}
    refused = 0
    for message in LinkParser(LIMITS).feed(chunk):
        assert isinstance(message, list)
        for line, client_id in message:
            forget(waiting, client_id, line)
            if received_ns(line) > LATEST_NS and line != cache.peek(client_id):
                refused += 1
            elif cache.offer(client_id, line, received_ns(line), NOW_NS):
                fresh[client_id] = line
    return fresh, refused


@given(
    chunks=st.lists(CHUNKS, min_size=1, max_size=4), step_ns=st.sampled_from([0, NS_PER_S, 601 * NS_PER_S])
)
def test_reports_are_answered_as_they_are_one_by_one(
    chunks: list[tuple[list[bytes], bool, bytes]], step_ns: int
) -> None:
    quick, strict = Cache(LIMITS), Cache(LIMITS)
    now_ns = NOW_NS
    for reports, is_long, ending in chunks:
        others = other_reports(12) if is_long else []
        chunk = chunk_of(others + reports + others[:3], ending)
        now_ns += step_ns
        taken = ingest(quick, chunk, PREFIX, now_ns, LONGEST_ID, IS_OWED)
        event(f"taken: {taken is not None}, long: {is_long}")
        answers, fresh = report_strictly(strict, chunk, now_ns)
        if taken is None:
            report_strictly(quick, chunk, now_ns)
        else:
            assert taken == (answers, fresh, chunk.count(b"\n"))
            assert list(taken[1]) == list(fresh)
        assert state(quick) == state(strict)


@given(chunks=st.lists(st.tuples(RECORDS, st.booleans()), min_size=1, max_size=4), waiting=RECORDS)
def test_records_are_learned_as_they_are_one_by_one(
    chunks: list[tuple[list[bytes], bool]], waiting: list[bytes]
) -> None:
    quick, strict = Cache(LIMITS), Cache(LIMITS)
    for records, is_long in chunks:
        others = other_records(5) if is_long else []
        chunk = b"".join(line + b"\n" for line in [*others, *records, *others])
        ours = {line.split(b" ")[3]: line for line in [*others[:1], *waiting]}
        theirs = dict(ours)
        taken = learn(quick, chunk, ours, NOW_NS, LATEST_NS, LONGEST_ID, 20_000)
        assert taken is not None
        fresh, refused = learn_strictly(strict, chunk, theirs)
        assert taken == (fresh, chunk.count(b"\n"), refused)
        assert list(taken[0]) == list(fresh)
        assert ours == theirs
        assert state(quick) == state(strict)


@pytest.mark.parametrize("count", [0, 20])
def test_an_unusual_time_that_is_later_is_not_taken_for_an_earlier_one(count: int) -> None:
    """As bytes, its last twenty, `0-1.0 10000000000.00`, come before `1479413884.392014450`."""
    held = b"kiwi +1.0-1.0 10000000000.00"
    late, earlier = held.split(b" "), b"kiwi +1.0-1.0 1479413884.392014450"
    cache = Cache(LIMITS)
    ingest(cache, chunk_of([held, *other_reports(count)]), PREFIX, NOW_NS, LONGEST_ID, IS_OWED)
    line = make_line(PREFIX, NOW_NS, *late)
    assert cache.peek(b"kiwi") == line
    taken = ingest(cache, chunk_of([earlier, *other_reports(count)]), PREFIX, NOW_NS, LONGEST_ID, IS_OWED)
    assert taken is not None
    assert taken[0].startswith(line + b"\n")
    told = [make_line(b"AT Welsh ", NOW_NS, *earlier.split(b" ")), *other_records(count)]
    chunk = b"".join(each + b"\n" for each in told)
    assert learn(cache, chunk, {}, NOW_NS, LATEST_NS, LONGEST_ID, 1000) == ({}, count + 1, 0)
    assert cache.peek(b"kiwi") == line


@pytest.mark.parametrize(
    ("lifetime_s", "latest_s", "received_s", "refused"), [(5, 3600, -5, 0), (3600, 5, 6, 1)]
)
def test_a_late_or_early_record_in_a_long_chunk_is_not_learned(
    lifetime_s: int, latest_s: int, received_s: int, refused: int
) -> None:
    cache = Cache(Limits(record_lifetime_s=lifetime_s))
    held = make_line(PREFIX, NOW_NS, b"kiwi", b"+1.0-1.0", b"1479413884.392014450")
    assert cache.offer(b"kiwi", held, NOW_NS, NOW_NS)
    far_ns = NOW_NS + received_s * NS_PER_S
    far = make_line(PREFIX, far_ns, b"kiwi", b"+1.0-1.0", b"1479413884.392014451")
    chunk = b"".join(each + b"\n" for each in [far, *other_records(20)])
    latest_ns = NOW_NS + latest_s * NS_PER_S
    taken = learn(cache, chunk, {}, NOW_NS, latest_ns, LONGEST_ID, 1000)
    assert taken is not None
    assert (len(taken[0]), taken[1:]) == (20, (21, refused))
    assert cache.peek(b"kiwi") == held


@given(
    offers=st.lists(st.tuples(IDS, TIMES, st.integers(0, 30)), max_size=20),
    held=st.sampled_from([1, 2, 1000]),
)
def test_unusual_times_are_counted_while_records_come_and_go(
    offers: list[tuple[bytes, bytes, int]], held: int
) -> None:
    cache = Cache(Limits(clients_held=held, record_lifetime_s=20.0))
    now_ns = NOW_NS
    for client_id, time, passing_s in offers:
        now_ns += passing_s * NS_PER_S
        cache.offer(client_id, make_line(PREFIX, now_ns, client_id, b"+1.0+1.0", time), now_ns, now_ns)
        state(cache)
        cache.sweep(now_ns, 1)
        state(cache)


@pytest.mark.parametrize(
    "line",
    [
        b"IAMAT ki\twi +34.0-118.0 1479413884.392014450\n",
        b"IAMAT \tkiwi +34.0-118.0 1479413884.392014450\n",
        b"IAMAT ki\fwi +34.0-118.0 1479413884.392014450\n",
        b"IAMAT kiwi\v +34.0-118.0 1479413884.392014450\n",
        b"IAMAT ki\rwi +34.0-118.0 1479413884.392014450\n",
        b"IAMAT kiwi +34.0-118.0 1479413884.392014450\r\n",
        b"IAMAT kiwi\n +34.0-118.0 1479413884.392014450\n",
        b"IAMAT kiwi\nIAMAT +34.0-118.0 1479413884.392014450\n",
        b"IAMAT  kiwi +34.0-118.0 1479413884.392014450\n",
        b"IAMAT xxxxxxxxxxxxxxxxxxxxx +34.0-118.0 1479413884.392014450\n",
        b"IAMAT kiwi +91.0-118.0 1479413884.392014450\n",
        b"IAMAT kiwi +34.0-181.0 1479413884.392014450\n",
        b"IAMAT kiwi +34.0-118.0 1479413884.392014450 \n",
        b"WHATSAT kiwi 10 5\n",
        b"\n",
    ],
)
@pytest.mark.parametrize("count", [1, 20])
def test_one_line_that_is_no_plain_report_has_a_chunk_declined(line: bytes, count: int) -> None:
    others = other_reports(count)
    chunk = chunk_of(others[1:]) + line + chunk_of(others[:1])
    cache = Cache(LIMITS)
    assert ingest(cache, chunk, PREFIX, NOW_NS, LONGEST_ID, IS_OWED) is None
    assert len(cache) == 0


@pytest.mark.parametrize(
    "report", [b"kiwi +34.0-118.0 1479413884.392014450", b"ki\rwi +34.0-118.0 1479413884.392014450\r"]
)
@pytest.mark.parametrize("count", [1, 20])
def test_lines_that_end_in_different_ways_have_a_chunk_declined(report: bytes, count: int) -> None:
    chunk = chunk_of(other_reports(count), b"\r\n") + chunk_of([report])
    assert ingest(Cache(LIMITS), chunk, PREFIX, NOW_NS, LONGEST_ID, IS_OWED) is None


@pytest.mark.parametrize(
    "line",
    [
        b"AT Ball +0.000000000 ki\twi +1.0+1.0 1479413884.392014450\n",
        b"AT Ba\fll +0.000000000 kiwi +1.0+1.0 1479413884.392014450\n",
        b"AT Ball +0.000000000 kiwi\r +1.0+1.0 1479413884.392014450\n",
        b"AT Ball\n +0.000000000 kiwi +1.0+1.0 1479413884.392014450\n",
        b"AT Ball +0.000000000 kiwi\nAT +1.0+1.0 1479413884.392014450\n",
        b"AT Ball +0.000000000 kiwi +1.0+1.0 1479413884.392014450\r\n",
        b"AT Ball +0.00000000 kiwi +1.0+1.0 1479413884.392014450\n",
        b"AT Ball +0.000000000 xxxxxxxxxxxxxxxxxxxxx +1.0+1.0 1479413884.392014450\n",
        b"AT " + b"B" * LONGEST_LINE + b" +0.000000000 kiwi +1.0+1.0 1479413884.392014450\n",
        b"PING 3\n",
    ],
)
@pytest.mark.parametrize("count", [0, 6])
def test_one_line_that_is_no_plain_record_has_a_chunk_declined(line: bytes, count: int) -> None:
    others = [record + b"\n" for record in other_records(count)]
    chunk = b"".join([*others[1:], line, *others[:1]])
    cache = Cache(LIMITS)
    assert learn(cache, chunk, {}, NOW_NS, LATEST_NS, LONGEST_ID, LONGEST_LINE) is None
    assert len(cache) == 0


def test_a_difference_of_hundreds_of_digits_is_learned_as_any() -> None:
    cache = Cache(LIMITS)
    far = b"AT Ball -%b.000000000 kiwi +1.0+1.0 1479413884.392014450\n" % (b"9" * 400)
    chunk = b"".join(record + b"\n" for record in other_records(6)) + far
    taken = learn(cache, chunk, {}, NOW_NS, LATEST_NS, LONGEST_ID, 1000)
    assert taken is not None
    assert (len(taken[0]), taken[1:]) == (6, (7, 0))
