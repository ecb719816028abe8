"""Reconciling: two caches are equal at the end, whatever they held, whoever began, whatever came between."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final
from zlib import crc32

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from herd.core import reconcile
from herd.core.cache import SHARDS
from herd.core.limits import Limits
from herd.core.record import client_of
from tests.core.strategies import NOW_NS
from tests.core.walks import IDS, ONE_LEAF, Pair, Side, record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONTENTS = st.dictionaries(st.sampled_from(IDS), st.integers(1, 3), max_size=len(IDS))


def newest(*contents: Mapping[bytes, int]) -> dict[bytes, bytes]:
    merged: dict[bytes, int] = {}
    for each in contents:
        for client_id, time in each.items():
            merged[client_id] = max(time, merged.get(client_id, 0))
    return {client_id: record("Welsh", client_id, time) for client_id, time in merged.items()}


def differing(one: Mapping[bytes, int], other: Mapping[bytes, int]) -> int:
    return sum(one.get(client_id) != other.get(client_id) for client_id in {**one, **other})


@settings(max_examples=100)
@given(
    alford=CONTENTS,
    ball=CONTENTS,
    beginners=st.sampled_from(["A", "B", "AB", "BA"]),
    seed=st.integers(0, 2**32),
    updates=st.lists(
        st.tuples(st.integers(0, 60), st.booleans(), st.sampled_from(IDS), st.integers(4, 9)), max_size=8
    ),
    slice_cost=st.sampled_from([1, 20, 2000]),
    few=st.sampled_from([0, 1, 16]),
    leaf_records=st.sampled_from([1, 2, 5, 200]),
)
def test_two_caches_are_equal_in_the_end_whatever_happens_on_the_way(  # noqa: PLR0917 - all are drawn
    alford: dict[bytes, int],
    ball: dict[bytes, int],
    beginners: str,
    seed: int,
    updates: list[tuple[int, bool, bytes, int]],
    slice_cost: int,
    few: int,
    leaf_records: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reconcile, "_SLICE_COST", slice_cost)
        patch.setattr(reconcile, "FEW_RECORDS", min(few, leaf_records))
        patch.setattr(reconcile, "MAX_LEAF_RECORDS", leaf_records)
        pair = Pair(alford, ball, seed)
        by_letter = {"A": pair.alford, "B": pair.ball}
        for letter in beginners:
            by_letter[letter].reconciler.begin()
        later = deque(sorted(updates))
        at = 0
        while pair.step() or later:
            at += 1
            while later and (later[0][0] <= at or not pair.is_walking):
                _, is_alfords, client_id, time = later.popleft()
                (pair.alford if is_alfords else pair.ball).report(client_id, time)
            assert at < 100_000
    assert not pair.is_walking
    assert pair.alford.records == pair.ball.records
    if not updates:
        assert pair.alford.records == newest(alford, ball)


@settings(max_examples=50)
@given(alford=CONTENTS, ball=CONTENTS, begins_twice=st.booleans(), seed=st.integers(0, 2**32))
def test_only_records_that_differ_are_sent_and_each_at_most_once_each_way(
    alford: dict[bytes, int], ball: dict[bytes, int], begins_twice: bool, seed: int
) -> None:
    pair = Pair(alford, ball, seed)
    pair.alford.reconciler.begin()
    if begins_twice:
        pair.ball.reconciler.begin()
    pair.settle()
    expected = {client_id for client_id in {**alford, **ball} if alford.get(client_id) != ball.get(client_id)}
    for side in pair.sides:
        sent = [client_of(line) for line in side.sent]
        assert len(sent) == len(set(sent))
        assert set(sent) <= expected
    assert {client_of(line) for side in pair.sides for line in side.sent} == expected


COMMON: Final = {b"common%d" % number: 1 for number in range(2000)}


@settings(max_examples=25)
@given(
    alford=CONTENTS,
    ball=CONTENTS,
    common=st.sampled_from([{}, COMMON]),
    beginner=st.booleans(),
    seed=st.integers(0, 2**32),
)
@example(alford={}, ball={}, common=COMMON, beginner=True, seed=1)
@example(alford=dict.fromkeys(IDS, 1), ball={}, common=COMMON, beginner=True, seed=1)
def test_what_is_said_grows_with_the_difference_and_not_with_the_caches(
    alford: dict[bytes, int], ball: dict[bytes, int], common: dict[bytes, int], beginner: bool, seed: int
) -> None:
    pair = Pair({**common, **alford}, {**common, **ball}, seed)
    (pair.alford if beginner else pair.ball).reconciler.begin()
    pair.settle()
    different = differing(alford, ball)
    assert pair.bytes_said <= 1024 + 1400 * different
    if not different:
        assert pair.bytes_said == len(b"ROOT \n") + 16 + len(b"DONE\n")


def test_caches_that_are_equal_say_so_in_two_lines() -> None:
    pair = Pair(COMMON, COMMON)
    pair.ball.reconciler.begin()
    pair.settle()
    root = pair.alford.replica.digests.root().hex().encode()
    assert (pair.ball.said, pair.alford.said) == ([b"ROOT " + root], [b"DONE"])
    assert not pair.is_walking


@pytest.mark.parametrize("is_alford_full", [False, True])
def test_an_empty_cache_gets_everything_for_a_few_words(is_alford_full: bool) -> None:
    pair = Pair(COMMON, {}) if is_alford_full else Pair({}, COMMON)
    pair.alford.reconciler.begin()
    pair.settle()
    assert pair.alford.records == pair.ball.records == newest(COMMON)
    assert pair.bytes_said < 1024
    full, empty = (pair.alford, pair.ball) if is_alford_full else (pair.ball, pair.alford)
    assert (len(full.sent), len(empty.sent)) == (2000, 0)
    assert full.reconciler.found == 2000


def test_a_leaf_with_more_records_than_fit_on_a_line_is_exchanged_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconcile, "MAX_LEAF_RECORDS", 3)
    monkeypatch.setattr(reconcile, "FEW_RECORDS", 3)
    everything = dict.fromkeys(ONE_LEAF, 1)
    pair = Pair(everything, {**everything, ONE_LEAF[0]: 2})
    pair.alford.reconciler.begin()
    pair.settle()
    assert pair.alford.records == pair.ball.records == newest(everything, {ONE_LEAF[0]: 2})
    path = f"{crc32(ONE_LEAF[0]) >> 16:04x}".encode()
    assert [line for side in pair.sides for line in side.said if line.startswith((b"LEAF", b"GIVE"))] == [
        b"GIVE " + path
    ]
    assert len(pair.alford.sent) + len(pair.ball.sent) >= 8


def test_both_begin_at_once_and_one_walk_is_made() -> None:
    pair = Pair({b"kiwi": 1}, {b"moa": 1})
    for side in pair.sides:
        side.reconciler.begin()
    for side, other in pair.sides.items():
        while not side.said:
            side.write(other.inbox, 1)
    assert [side.said[0][:4] for side in pair.sides] == [b"ROOT", b"ROOT"]
    pair.settle()
    assert pair.alford.records == pair.ball.records == newest({b"kiwi": 1, b"moa": 1})
    assert [line[:4] for side in pair.sides for line in side.said].count(b"DONE") == 1


def test_a_walk_that_is_under_way_is_not_begun_again_and_one_that_is_over_is() -> None:
    pair = Pair({b"kiwi": 1}, {})
    pair.alford.reconciler.begin()
    pair.alford.reconciler.begin()
    pair.settle()
    assert [line[:4] for line in pair.alford.said].count(b"ROOT") == 1
    pair.alford.reconciler.begin()
    pair.settle()
    assert [line[:4] for line in pair.alford.said].count(b"ROOT") == 2
    assert pair.ball.said[-1] == b"DONE"


def test_a_record_that_came_while_the_link_was_down_is_found_though_an_index_was_left_of_an_older_walk() -> (
    None
):
    """A walk that its link's end cut short has indexed a shard; the next one must not go by that."""
    pair = Pair(dict.fromkeys(ONE_LEAF[:2], 1), dict.fromkeys(ONE_LEAF[1:3], 1))
    pair.alford.replica.digests.records_of(f"{crc32(ONE_LEAF[0]) >> 24:02x}", 100)
    pair.alford.outbox.close()
    pair.alford.report(ONE_LEAF[4], 1)
    pair.alford.outbox.open()
    pair.alford.reconciler.begin()
    pair.settle()
    assert ONE_LEAF[4] in pair.ball.records
    assert pair.alford.records == pair.ball.records


def test_while_the_outbox_is_full_the_walk_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "_OUTBOX_FULL", 10)
    pair = Pair(COMMON, {})
    pair.ball.reconciler.begin()
    alford, ball = pair.alford, pair.ball
    most = 0
    for _ in range(10_000):
        for side, other in ((alford, ball), (ball, alford)):
            steps = side.reconciler.work() if side.reconciler.has_work else []
            other.inbox.extend(steps)
            while side.inbox:
                side.take()
        most = max(most, len(alford.outbox))
        if len(alford.outbox) >= 10:
            assert not alford.reconciler.has_work
            ball.inbox.extend(alford.outbox.take(1))
    assert most <= 10 + max(len(alford.replica.cache.shard(shard)) for shard in range(SHARDS))
    assert alford.outbox.is_open
    pair.settle()
    assert ball.records == newest(COMMON)


def test_what_is_expired_is_not_brought_back() -> None:
    pair = Pair({b"kiwi": 1, b"moa": 1}, {}, limits=Limits(record_lifetime_s=10.0))
    pair.alford.reconciler.begin()
    later_ns = NOW_NS + 10 * 10**9
    while pair.alford.has_work or pair.ball.has_work:
        for side, other in pair.sides.items():
            if not side.inbox:
                side.write(other.inbox, 10_000)
            elif side.inbox[0].startswith(b"AT "):
                line = side.inbox.popleft()
                assert side.replica.learn([(line, client_of(line))], side.other, later_ns) == 0
            else:
                side.take()
    assert pair.ball.records == {}
    assert not pair.is_walking


def said_by(sides: Iterable[Side]) -> list[bytes]:
    return [line for side in sides for line in side.said]


def test_a_walk_over_one_difference_says_four_things() -> None:
    pair = Pair({b"kiwi": 1}, {b"kiwi": 2})
    pair.alford.reconciler.begin()
    pair.settle()
    verbs = (
        [line.split(b" ")[0] for line in said_by([pair.alford])],
        [line.split(b" ")[0] for line in said_by([pair.ball])],
    )
    assert verbs == (
        [b"ROOT", b"NODE", b"TURN", b"WANT", b"TURN"],
        [b"NODE", b"TURN", b"LEAF", b"TURN", b"DONE"],
    )
