"""Who is owed what: the outboxes of one server."""

from __future__ import annotations

from herd.core.flood import Flood
from herd.core.native import Outbox
from herd.core.record import make_line, origin_prefix
from tests.core.strategies import NOW_NS

NEIGHBORS = ("Ball", "Hamilton", "Welsh")


def record(client_id: bytes) -> bytes:
    return make_line(origin_prefix("Alford"), NOW_NS, client_id, b"+34-118", b"1")


def test_a_record_goes_to_every_neighbor_but_its_source() -> None:
    flood = Flood(NEIGHBORS)
    for outbox in flood.outboxes.values():
        outbox.open()
    flood.publish({b"a": record(b"a")}, None)
    flood.publish({b"b": record(b"b")}, "Hamilton")
    assert {neighbor: outbox.take(10**9) for neighbor, outbox in flood.outboxes.items()} == {
        "Ball": [record(b"a"), record(b"b")],
        "Hamilton": [record(b"a")],
        "Welsh": [record(b"a"), record(b"b")],
    }


def test_the_journal_is_owed_everything_and_a_neighbor_that_is_gone_nothing() -> None:
    flood, journal = Flood(("Ball",)), Outbox()
    assert flood.owed("Ball") == ()
    flood.add("Welsh")
    flood.keep(journal)
    ball, welsh = flood.outboxes["Ball"], flood.outboxes["Welsh"]
    assert flood.owed(None) == (ball, welsh, journal)
    assert flood.owed("Ball") == (welsh, journal)
    welsh.open()
    flood.remove("Welsh")
    assert not welsh.is_open
    assert flood.owed("Ball") == (journal,)
