"""The cache beside a plain dictionary that does everything the long way round: newest wins, bounds,
expiry.
"""

from __future__ import annotations

from zlib import crc32

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from herd.core.cache import LEAVES, SHARDS
from herd.core.limits import Limits
from herd.core.native import Cache
from herd.core.record import NS_PER_S, make_line, origin_prefix, received_ns
from tests.core.strategies import NOW_NS, order

LIFETIME_NS = 10 * NS_PER_S
IDS = st.sampled_from([b"a", b"b", b"c", b"d", b"e", b"f", b"g"])
TIMES = st.sampled_from([b"1.000000000", b"2.000000000", b"3.000000000", b"4.000000000"])
ORIGINS = st.sampled_from(["Alford", "Welsh"])
# Most often small against the lifetime; sometimes exactly at it or a nanosecond beside it.
PASSING = st.one_of(
    st.integers(0, 3).map(lambda seconds: seconds * NS_PER_S),
    st.sampled_from([1, LIFETIME_NS - 1, LIFETIME_NS, LIFETIME_NS + 1]),
)


def limits(clients_held: int = 1000) -> Limits:
    return Limits(clients_held=clients_held, record_lifetime_s=LIFETIME_NS / NS_PER_S)


def record(
    client_id: bytes = b"kiwi",
    *,
    time: bytes = b"1.000000000",
    origin: str = "Alford",
    received: int = NOW_NS,
) -> bytes:
    return make_line(origin_prefix(origin), received, client_id, b"+34-118", time)


def leaves_marked(cache: Cache) -> list[int]:
    """Return the leaves that have changed, and clear the marks."""
    marked = [leaf for leaf in range(LEAVES) if cache.dirty[leaf]]
    cache.dirty[:] = bytes(LEAVES)
    return marked


def offer(cache: Cache, client_id: bytes, line: bytes, now_ns: int = NOW_NS) -> bool:
    return cache.offer(client_id, line, received_ns(line), now_ns)


class CacheMachine(RuleBasedStateMachine):
    """A cache beside a dictionary that does everything the long way round.

    A client's records are received in the order of their making, as when the servers' clocks agree.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW_NS
        self.model: dict[bytes, bytes] = {}

    @initialize(capacity=st.integers(1, 5))
    def begin(self, capacity: int) -> None:
        self.capacity = capacity
        self.cache = Cache(limits(capacity))

    @rule(passing=PASSING)
    def wait(self, passing: int) -> None:
        self.now += passing

    @rule(client_id=IDS, time=TIMES, origin=ORIGINS, ago=PASSING)
    def offer(self, client_id: bytes, time: bytes, origin: str, ago: int) -> None:
        held = self.model.get(client_id)
        received = max(self.now - ago, received_ns(held) if held else 0)
        line = record(client_id, time=time, origin=origin, received=received)
        assert offer(self.cache, client_id, line, self.now) == self.expect(client_id, line)

    def expect(self, client_id: bytes, line: bytes) -> bool:
        held = self.model.get(client_id)
        if self.is_over(line) or (held and order(line) <= order(held) and not self.is_over(held)):
            return False
        self.model[client_id] = line
        if len(self.model) <= self.capacity:
            return True
        oldest = min(self.model, key=lambda held_id: (received_ns(self.model[held_id]), held_id))
        del self.model[oldest]
        return oldest != client_id

    def is_over(self, line: bytes) -> bool:
        return self.now - received_ns(line) >= LIFETIME_NS

    @rule(budget=st.integers(1, 3))
    def sweep_some(self, budget: int) -> None:
        before = len(self.cache)
        self.cache.sweep(self.now, budget)
        assert before - len(self.cache) <= budget
        gone = [client_id for client_id in self.model if self.cache.peek(client_id) is None]
        assert len(gone) == before - len(self.cache)
        for client_id in gone:
            assert self.is_over(self.model.pop(client_id))

    @rule(budget=st.integers(1, 3))
    def sweep_all(self, budget: int) -> None:
        calls = 0
        while self.cache.sweep(self.now, budget):
            calls += 1
            assert calls < 100
        self.model = {client_id: line for client_id, line in self.model.items() if not self.is_over(line)}

    @invariant()
    def they_hold_the_same(self) -> None:
        if not hasattr(self, "cache"):
            return
        assert len(self.cache) == len(self.model) <= self.capacity
        for client_id in (b"a", b"b", b"c", b"d", b"e", b"f", b"g"):
            line = self.model.get(client_id)
            assert self.cache.peek(client_id) == line
            assert self.cache.get(client_id, self.now) == (None if line and self.is_over(line) else line)

    def teardown(self) -> None:
        if hasattr(self, "cache"):
            shards = [self.cache.shard(index) for index in range(SHARDS)]
            assert sum(len(shard) for shard in shards) == len(self.cache)
            assert {client_id: line for shard in shards for client_id, line in shard.items()} == self.model


TestCache = CacheMachine.TestCase
TestCache.settings = settings(stateful_step_count=40)


def test_the_newest_wins_whatever_the_order() -> None:
    older, newer = record(time=b"1.000000000"), record(time=b"1.000000001")
    upward, downward = Cache(limits()), Cache(limits())
    assert [offer(upward, b"kiwi", line) for line in (older, newer, newer)] == [True, True, False]
    assert [offer(downward, b"kiwi", line) for line in (newer, older, newer)] == [True, False, False]
    assert upward.get(b"kiwi", NOW_NS) == downward.get(b"kiwi", NOW_NS) == newer


@pytest.mark.parametrize("time", [b"1.000000000", b"1", b"1.5"])
def test_a_record_expires_a_lifetime_after_its_origin_received_it(time: bytes) -> None:
    cache = Cache(limits())
    line = record(time=time)
    offer(cache, b"kiwi", line)
    assert cache.get(b"kiwi", NOW_NS + LIFETIME_NS - 1) == line
    assert cache.get(b"kiwi", NOW_NS + LIFETIME_NS) is None
    assert cache.peek(b"kiwi") == line
    assert not cache.sweep(NOW_NS + LIFETIME_NS - 1, 10)
    assert len(cache) == 1
    cache.sweep(NOW_NS + LIFETIME_NS, 10)
    assert len(cache) == 0


def test_the_clients_time_does_not_decide_when_a_record_expires() -> None:
    cache = Cache(limits())
    ahead = record(time=b"9" * 30)
    assert offer(cache, b"kiwi", ahead)
    assert cache.get(b"kiwi", NOW_NS + LIFETIME_NS - 1) == ahead
    assert cache.get(b"kiwi", NOW_NS + LIFETIME_NS) is None


def test_an_expired_record_is_not_taken() -> None:
    cache = Cache(limits())
    assert not offer(cache, b"kiwi", record(), NOW_NS + LIFETIME_NS)
    assert len(cache) == 0
    assert offer(cache, b"kiwi", record(), NOW_NS + LIFETIME_NS - 1)


def test_an_expired_record_makes_way_for_one_of_an_earlier_time() -> None:
    """A client whose clock was wrong once is heard again."""
    cache = Cache(limits())
    ahead = record(time=b"9999999999.000000000")
    later = NOW_NS + LIFETIME_NS
    right = record(time=b"1479413894.000000000", received=later)
    assert offer(cache, b"kiwi", ahead)
    assert not offer(cache, b"kiwi", right, later - 1)
    assert offer(cache, b"kiwi", right, later)
    assert cache.get(b"kiwi", later) == right
    assert len(cache) == 1


def test_a_full_cache_refuses_what_is_older_than_everything_in_it() -> None:
    cache = Cache(limits(clients_held=2))
    for second, client_id in ((2, b"a"), (3, b"b")):
        assert offer(cache, client_id, record(client_id, received=NOW_NS + second))
    assert not offer(cache, b"c", record(b"c", received=NOW_NS + 1))
    assert offer(cache, b"d", record(b"d", received=NOW_NS + 4))
    assert [client_id for client_id in (b"a", b"b", b"c", b"d") if cache.peek(client_id)] == [b"b", b"d"]


def test_at_one_moment_the_smallest_id_is_evicted() -> None:
    cache = Cache(limits(clients_held=2))
    assert [offer(cache, client_id, record(client_id)) for client_id in (b"b", b"c", b"a", b"d")] == [
        *(True, True, False, True)
    ]
    assert [client_id for client_id in (b"a", b"b", b"c", b"d") if cache.peek(client_id)] == [b"c", b"d"]


def test_an_update_keeps_a_client_from_being_evicted() -> None:
    cache = Cache(limits(clients_held=2))
    for moment, client_id in enumerate((b"a", b"b")):
        offer(cache, client_id, record(client_id, received=NOW_NS + moment))
    offer(cache, b"a", record(b"a", time=b"2.000000000", received=NOW_NS + 5 * NS_PER_S))
    offer(cache, b"c", record(b"c", received=NOW_NS + 6 * NS_PER_S))
    assert [client_id for client_id in (b"a", b"b", b"c") if cache.peek(client_id)] == [b"a", b"c"]


def test_a_record_whose_origin_had_a_slow_clock_expires_by_that_clock() -> None:
    """It may stay in memory until its client is next looked at, but is not given out."""
    cache = Cache(limits())
    offer(cache, b"kiwi", record(time=b"1.000000000"))
    behind = record(time=b"2.000000000", received=NOW_NS - 5 * NS_PER_S)
    assert offer(cache, b"kiwi", behind)
    assert cache.get(b"kiwi", NOW_NS + 5 * NS_PER_S - 1) == behind
    assert cache.get(b"kiwi", NOW_NS + 5 * NS_PER_S) is None
    while cache.sweep(NOW_NS + LIFETIME_NS, 1):
        pass
    assert len(cache) == 0


def test_clients_are_spread_over_the_shards() -> None:
    cache = Cache(limits(clients_held=20_000))
    for number in range(10_000):
        client_id = b"client%d" % number
        offer(cache, client_id, record(client_id))
    sizes = [len(cache.shard(index)) for index in range(SHARDS)]
    assert sum(sizes) == 10_000
    assert max(sizes) < 100


def test_a_change_marks_its_leaf_and_no_other() -> None:
    cache = Cache(limits())
    leaf = crc32(b"kiwi") // (2**32 // LEAVES)
    line = record()
    assert leaves_marked(cache) == []
    offer(cache, b"kiwi", line)
    assert leaves_marked(cache) == [leaf]
    assert not offer(cache, b"kiwi", line)
    assert leaves_marked(cache) == []
    offer(cache, b"kiwi", record(time=b"2.000000000"))
    assert leaves_marked(cache) == [leaf]
    assert cache.shard(leaf // (LEAVES // SHARDS)) == {b"kiwi": record(time=b"2.000000000")}
    cache.sweep(NOW_NS + LIFETIME_NS, 10)
    assert leaves_marked(cache) == [leaf]
    assert cache.shard(leaf // (LEAVES // SHARDS)) == {}


def test_every_client_that_expires_or_is_evicted_is_told_once() -> None:
    cache = Cache(limits(clients_held=2))
    dropped: list[bytes] = []
    cache.on_dropped = dropped.append
    for moment, client_id in enumerate((b"a", b"b", b"c")):
        offer(cache, client_id, record(client_id, received=NOW_NS + moment))
    assert dropped == [b"a"]
    cache.configure(limits(clients_held=1))
    assert not cache.sweep(NOW_NS, 5)
    assert dropped == [b"a", b"b"]
    cache.sweep(NOW_NS + 2 * LIFETIME_NS, 5)
    assert dropped == [b"a", b"b", b"c"]
    assert len(cache) == 0
