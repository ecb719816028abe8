"""Digests: equal for equal caches, different along one path for one change, and cheap to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from hypothesis import given, settings
from hypothesis import strategies as st

from herd.core.cache import LEAVES, Cache
from herd.core.digests import EMPTY, FANOUT, LEAF_DEPTH, Digests, fingerprint
from herd.core.limits import Limits
from herd.core.record import make_line, origin_prefix, received_ns
from tests.core.strategies import NOW_NS
from tests.core.walks import ONE_LEAF

if TYPE_CHECKING:
    import pytest

IDS: Final = [*ONE_LEAF[:4], *(b"bird%d" % number for number in range(36))]


def record(client_id: bytes, time: int = 1) -> bytes:
    return make_line(origin_prefix("Alford"), NOW_NS, client_id, b"+34-118", b"%d" % time)


def offer(cache: Cache, client_id: bytes, time: int = 1) -> None:
    line = record(client_id, time)
    assert cache.offer(client_id, line, received_ns(line), NOW_NS)


def cache_of(records: dict[bytes, int]) -> Cache:
    cache = Cache(Limits())
    for client_id, time in records.items():
        offer(cache, client_id, time)
    return cache


def refreshed(cache: Cache) -> Digests:
    digests = Digests(cache)
    refresh(digests)
    return digests


def refresh(digests: Digests) -> int:
    """Bring all up to date; return how many slices it took."""
    slices = 1
    while digests.refresh():
        slices += 1
    return slices


def path_of(client_id: bytes) -> str:
    return f"{crc32(client_id) >> 16:04x}"


def digest_at(digests: Digests, path: str) -> bytes:
    return digests.children(path[:-1])[int(path[-1], 16)] if path else digests.root()


def all_nodes(digests: Digests) -> list[bytes]:
    return [bytes(level) for level in digests._levels]


CONTENTS = st.dictionaries(st.sampled_from(IDS), st.integers(1, 3), max_size=20)


@given(CONTENTS, CONTENTS)
def test_roots_are_equal_just_where_caches_are(one: dict[bytes, int], other: dict[bytes, int]) -> None:
    roots = [refreshed(cache_of(records)).root() for records in (one, other)]
    assert (roots[0] == roots[1]) is (one == other)


@given(CONTENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_records_came_makes_no_difference(
    records: dict[bytes, int], source: object
) -> None:
    items = list(records.items())
    source.shuffle(items)  # type: ignore[attr-defined]
    assert all_nodes(refreshed(cache_of(records))) == all_nodes(refreshed(cache_of(dict(items))))


@settings(max_examples=10)
@given(st.lists(st.tuples(st.sampled_from(IDS), st.integers(1, 5), st.booleans()), max_size=20))
def test_digests_that_were_kept_are_those_that_would_be_made_anew(
    updates: list[tuple[bytes, int, bool]],
) -> None:
    cache = Cache(Limits())
    digests = Digests(cache)
    for client_id, time, wants_digests in updates:
        line = record(client_id, time)
        cache.offer(client_id, line, received_ns(line), NOW_NS)
        if wants_digests:
            refresh(digests)
    refresh(digests)
    kept = all_nodes(digests)
    cache.dirty[:] = b"\x01" * LEAVES
    assert all_nodes(refreshed(cache)) == kept


def test_one_update_changes_the_digests_on_its_path_and_no_others() -> None:
    cache = cache_of(dict.fromkeys(IDS, 1))
    digests = refreshed(cache)
    before = all_nodes(digests)
    offer(cache, b"bird7", 2)
    refresh(digests)
    leaf = crc32(b"bird7") >> 16
    for depth, (old, new) in enumerate(zip(before, all_nodes(digests), strict=True)):
        changed = [at // 8 for at in range(0, len(old), 8) if old[at : at + 8] != new[at : at + 8]]
        assert changed == [leaf // FANOUT ** (LEAF_DEPTH - depth)]


def test_a_node_with_no_records_has_no_digest_and_so_has_one_whose_records_are_gone() -> None:
    cache = cache_of({b"kiwi": 1})
    digests = refreshed(cache)
    for depth in range(LEAF_DEPTH + 1):
        path = path_of(b"kiwi")[:depth]
        assert digest_at(digests, path) != EMPTY
        if depth < LEAF_DEPTH:
            assert sum(digest != EMPTY for digest in digests.children(path)) == 1
    assert not cache.sweep(NOW_NS + 10**15, 10)
    refresh(digests)
    assert not any(map(any, all_nodes(digests)))


def test_an_update_only_marks_its_leaf() -> None:
    cache = cache_of({})
    digests = refreshed(cache)
    before = all_nodes(digests)
    for time in range(1, 1001):
        offer(cache, b"kiwi", time)
    assert cache.dirty.count(1) == 1
    assert cache.dirty[crc32(b"kiwi") >> 16] == 1
    assert all_nodes(digests) == before


def test_a_client_that_reported_often_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[bytes] = []

    def count(line: bytes) -> bytes:
        hashed.append(line)
        return fingerprint(line)

    cache = cache_of({})
    digests = refreshed(cache)
    for time in range(1, 1001):
        offer(cache, b"kiwi", time)
    monkeypatch.setattr("herd.core.digests.fingerprint", count)
    refresh(digests)
    assert hashed == [record(b"kiwi", 1000)]


def test_a_slice_brings_no_more_than_64_leaves_up_to_date_and_the_last_one_says_so() -> None:
    cache = cache_of({})
    digests = Digests(cache)
    cache.dirty[:] = b"\x01" * LEAVES
    for done in range(1, LEAVES // 64):
        assert digests.refresh()
        assert cache.dirty.count(1) == LEAVES - 64 * done
    assert not digests.refresh()
    assert cache.dirty.count(1) == 0
    assert not digests.refresh()
    cache.dirty[5] = cache.dirty[70] = 1
    assert refresh(digests) == 2


@given(CONTENTS.filter(bool), st.integers(2, 4))
def test_the_records_of_a_node_are_those_whose_ids_lead_there(records: dict[bytes, int], depth: int) -> None:
    cache = cache_of(records)
    digests = Digests(cache)
    for client_id in records:
        path = path_of(client_id)[:depth]
        expected = {
            each: record(each, time) for each, time in records.items() if path_of(each).startswith(path)
        }
        assert digests.records_under(path) == expected
        by_fingerprint = digests.records_of(path, len(expected))
        assert by_fingerprint == {fingerprint(line): (each, line) for each, line in expected.items()}
        assert digests.records_of(path, len(expected) - 1) is None


def test_a_client_that_has_gone_since_the_index_was_made_is_left_out() -> None:
    cache = cache_of({b"kiwi": 1})
    digests = Digests(cache)
    path = path_of(b"kiwi")
    assert digests.records_of(path, 9) == {fingerprint(record(b"kiwi")): (b"kiwi", record(b"kiwi"))}
    cache.sweep(NOW_NS + 10**15, 10)
    assert digests.records_of(path, 9) == {}


def test_an_index_that_is_forgotten_is_made_anew() -> None:
    digests = Digests(cache_of({}))
    assert digests.records_of(path_of(b"kiwi"), 9) == {}
    offer(digests._cache, b"kiwi")
    digests.forget_index()
    assert digests.records_of(path_of(b"kiwi"), 9) == {
        fingerprint(record(b"kiwi")): (b"kiwi", record(b"kiwi"))
    }
