"""Reconciling: two caches are equal at the end, whatever they held, whoever began, whatever came between."""

from __future__ import annotations

import random
from collections import deque
from typing import TYPE_CHECKING, Final
from zlib import crc32

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from herd.core import reconcile
from herd.core.cache import SHARDS
from herd.core.errors import LinkError
from herd.core.limits import Limits
from herd.core.reconcile import MAX_LEAF_RECORDS, Reconciler, Step, parse_step
from herd.core.record import client_of, make_line, origin_prefix, received_ns
from herd.core.replica import Replica
from tests.core.strategies import NOW_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DIGEST: Final = bytes(range(0xA0, 0xA8))


def ids_of_one_leaf(count: int) -> list[bytes]:
    """Find ids whose checksums share their upper half."""
    by_leaf: dict[int, list[bytes]] = {}
    for number in range(65_536 * count):
        client_id = b"%x" % number
        ids = by_leaf.setdefault(crc32(client_id) >> 16, [])
        ids.append(client_id)
        if len(ids) == count:
            return ids
    raise AssertionError("no leaf has so many")


ONE_LEAF: Final = ids_of_one_leaf(8)
IDS: Final = [*ONE_LEAF, *(b"bird%d" % number for number in range(30))]
CONTENTS = st.dictionaries(st.sampled_from(IDS), st.integers(1, 3), max_size=len(IDS))


def record(origin: str, client_id: bytes, time: int) -> bytes:
    return make_line(origin_prefix(origin), NOW_NS, client_id, b"+34-118", b"%d" % time)


class Side:
    """One server with one neighbor; what it says waits in the other's `inbox`, in order."""

    def __init__(self, name: str, other: str, contents: Mapping[bytes, int], limits: Limits) -> None:
        self.name = name
        self.other = other
        self.replica = Replica(name, [other], limits)
        for client_id, time in contents.items():
            line = record("Welsh", client_id, time)
            assert self.replica.cache.offer(client_id, line, received_ns(line), NOW_NS)
        self.outbox = self.replica.flood.outboxes[other]
        self.outbox.open()
        self.reconciler = Reconciler(self.replica.digests, self.outbox, has_precedence=name < other)
        self.inbox: deque[bytes] = deque()
        self.said: list[bytes] = []
        self.sent: list[bytes] = []

    @property
    def records(self) -> dict[bytes, bytes]:
        cache = self.replica.cache
        return {client_id: line for shard in range(SHARDS) for client_id, line in cache.shard(shard).items()}

    @property
    def has_work(self) -> bool:
        return bool(self.inbox) or self.reconciler.has_work or bool(self.outbox)

    def report(self, client_id: bytes, time: int) -> None:
        digits = b"%d" % time
        self.replica.report([(b"", client_id, b"+1-1", digits)], NOW_NS)

    def take(self) -> None:
        """Take one line that has come."""
        line = self.inbox.popleft()
        if line.startswith(b"AT "):
            self.replica.learn([(line, client_of(line))], self.other, NOW_NS)
            return
        step = parse_step(line)
        assert step is not None, line
        assert step.to_line() == line
        self.reconciler.take(step)

    def write(self, inbox: deque[bytes], max_bytes: int) -> None:
        """Do a slice of work and say what is to be said, as `Neighbor.flush` does."""
        steps = self.reconciler.work() if self.reconciler.has_work else []
        lines = self.outbox.take(max_bytes) if self.outbox else []
        self.said += steps
        self.sent += lines
        inbox.extend([*lines, *steps])


class Pair:
    """Alford and Ball, and an order of events that a seed decides."""

    def __init__(
        self,
        alford: Mapping[bytes, int],
        ball: Mapping[bytes, int],
        seed: int = 0,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self.alford = Side("Alford", "Ball", alford, limits)
        self.ball = Side("Ball", "Alford", ball, limits)
        self.sides = {self.alford: self.ball, self.ball: self.alford}
        self.source = random.Random(seed)

    def step(self) -> bool:
        """Let one of the two do one thing; tell whether there was one."""
        busy = [side for side in self.sides if side.has_work]
        if not busy:
            return False
        side = self.source.choice(busy)
        if side.inbox and self.source.random() < 0.5:
            side.take()
        else:
            side.write(self.sides[side].inbox, self.source.choice([1, 100, 10_000]))
        return True

    def settle(self, most: int = 100_000) -> None:
        for _ in range(most):
            if not self.step():
                return
        raise AssertionError("they never come to an end")

    @property
    def is_walking(self) -> bool:
        return self.alford.reconciler.is_walking or self.ball.reconciler.is_walking

    @property
    def bytes_said(self) -> int:
        return sum(len(line) + 1 for side in self.sides for line in side.said)


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


# Steps as lines.


PATHS = st.text("0123456789abcdef", max_size=4)
FULL_PATHS = st.text("0123456789abcdef", min_size=2, max_size=4)
DIGESTS = st.binary(min_size=8, max_size=8)


def tuples(minimum: int, maximum: int) -> st.SearchStrategy[tuple[bytes, ...]]:
    return st.lists(DIGESTS, min_size=minimum, max_size=maximum).map(tuple)


STEPS = st.one_of(
    st.builds(Step, st.just("ROOT"), st.just(""), tuples(1, 1)),
    st.builds(Step, st.just("NODE"), st.text("0123456789abcdef", max_size=3), tuples(16, 16)),
    st.builds(Step, st.sampled_from(["LEAF", "WANT"]), FULL_PATHS, tuples(1, 20)),
    st.builds(Step, st.just("GIVE"), PATHS),
    st.builds(Step, st.sampled_from(["TURN", "DONE"])),
)


@given(STEPS)
def test_a_step_is_read_as_it_was_written(step: Step) -> None:
    assert parse_step(step.to_line()) == step
    assert parse_step(step.to_line() + b"\n") is None


def test_the_longest_step_fits_on_a_line_of_a_link() -> None:
    step = Step("LEAF", "ffff", (DIGEST,) * MAX_LEAF_RECORDS)
    assert len(step.to_line()) < 4096
    assert parse_step(step.to_line()) == step
    assert parse_step(Step("LEAF", "ffff", (DIGEST,) * (MAX_LEAF_RECORDS + 1)).to_line()) is None


HEX = DIGEST.hex().encode()
BROKEN = [
    b"",
    b"ROOT",
    b"ROOT - " + HEX,
    b"ROOT " + HEX * 2,
    b"ROOT " + HEX[:-1],
    b"ROOT " + HEX.upper(),
    b"root " + HEX,
    b"NODE " + HEX * 16,
    b"NODE - " + HEX * 15,
    b"NODE - " + HEX * 17,
    b"NODE 12345 " + HEX * 16,
    b"NODE 1234 " + HEX * 16,
    b"NODE g " + HEX * 16,
    b"LEAF 1 " + HEX,
    b"LEAF - " + HEX,
    b"LEAF 12",
    b"WANT 1 " + HEX,
    b"WANT 12",
    b"GIVE",
    b"GIVE 12 " + HEX,
    b"GIVE  12",
    b"TURN 12",
    b"TURN " + HEX,
    b"DONE -",
    b"DONE ",
    b"STOP",
]


@pytest.mark.parametrize("line", BROKEN)
def test_what_is_no_step_is_none(line: bytes) -> None:
    assert parse_step(line) is None


# Neighbors that do not keep to the walk.


def walking() -> Side:
    """Return a side that has begun, and waits for an answer."""
    side = Side("Alford", "Ball", dict.fromkeys(IDS, 1), Limits())
    side.reconciler.begin()
    while not side.said:
        side.write(deque(), 1)
    return side


@pytest.mark.parametrize("verb", ["NODE", "LEAF", "WANT", "GIVE", "TURN", "DONE"])
def test_a_step_out_of_any_walk_is_an_error(verb: str) -> None:
    side = Side("Alford", "Ball", {}, Limits())
    with pytest.raises(LinkError, match=f"sent {verb} with no reconciliation under way"):
        side.reconciler.take(Step(verb, "12", (DIGEST,) * 16))


def test_more_steps_than_a_tree_has_nodes_are_an_error_and_so_the_queue_is_bounded() -> None:
    side = walking()
    give = Step("GIVE", "00")
    for _ in range(2 * 65_536):
        side.reconciler.take(give)
    with pytest.raises(LinkError, match="sent more digests than there are"):
        side.reconciler.take(give)
    assert len(side.reconciler._queue) == 2 * 65_536


@settings(max_examples=50)
@given(st.lists(STEPS, max_size=30), st.booleans())
def test_nonsense_in_good_form_changes_no_record_and_ends(steps: list[Step], is_walking: bool) -> None:
    side = walking() if is_walking else Side("Alford", "Ball", dict.fromkeys(IDS, 1), Limits())
    before = side.records
    for step in steps:
        try:
            side.reconciler.take(step)
        except LinkError:
            break
        for _ in range(3):
            if side.reconciler.has_work:
                side.reconciler.work()
    for _ in range(100_000):
        if not side.reconciler.has_work:
            break
        side.reconciler.work()
    assert not side.reconciler.has_work
    assert side.records == before
    assert set(side.outbox.take(1 << 30)) <= set(before.values())


def test_fingerprints_that_nobody_has_are_asked_for_once_and_given_by_nobody() -> None:
    side = walking()
    side.reconciler.take(Step("LEAF", "12", (DIGEST,)))
    side.reconciler.take(Step("WANT", "12", (DIGEST,)))
    assert side.reconciler.work() == [b"WANT 12 " + HEX]
    assert not side.outbox


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
