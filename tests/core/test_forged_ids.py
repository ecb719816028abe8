"""Clients whose ids have one checksum, as a hostile one may send, are like others: each has its record."""

from __future__ import annotations

from zlib import crc32

import pytest

from herd.core import cache as pure_cache
from herd.core import intake, native
from herd.core import outbox as pure_outbox
from herd.core.cache import SHARD_SHIFT
from herd.core.limits import Limits
from herd.core.record import NS_PER_S, origin_prefix
from herd.testing import CHECKSUM, ids_of_one_checksum

NOW_NS = 1_479_413_885 * NS_PER_S
IDS = ids_of_one_checksum(300)
CORES = {
    "pure": (pure_cache.Cache, pure_outbox.Outbox, intake.ingest),
    "the one in use": (native.Cache, native.Outbox, native.ingest),
}


def test_there_are_as_many_ids_with_one_checksum_as_anybody_wants() -> None:
    assert {crc32(each) for each in IDS} == {CHECKSUM}
    assert len(set(IDS)) == 300


@pytest.mark.parametrize(("make_cache", "make_outbox", "ingest"), CORES.values(), ids=CORES)
def test_each_has_its_own_record(make_cache: type, make_outbox: type, ingest: type) -> None:
    cache, outbox = make_cache(Limits()), make_outbox()
    outbox.open()
    for second in (1, 2):
        lines = b"".join(b"IAMAT %b +1-1 147941380%d.000000000\n" % (each, second) for each in IDS)
        answers, is_news, count = ingest(cache, lines, origin_prefix("Alford"), NOW_NS, 255, (outbox,))
        assert (is_news, count, len(cache), len(outbox)) == (True, 300, 300, 300)
    expected = [b"AT Alford +83.000000000 %b +1-1 1479413802.000000000" % each for each in IDS]
    assert answers.splitlines() == expected
    assert [cache.peek(each) for each in IDS] == expected
    assert sorted(cache.shard(CHECKSUM >> SHARD_SHIFT).values()) == sorted(expected)
    for each, line in zip(IDS[::2], expected[::2], strict=True):
        outbox.forget(each, line)
    assert outbox.take(2000) + outbox.take(1 << 30) == expected[1::2]
    assert len(outbox) == 0
