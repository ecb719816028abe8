"""Receipts: what a neighbor is told that we have, and when what was refused is asked for again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from herd.core.limits import Limits
from herd.core.receipts import Receipts

LIMITS = Limits(promise_timeout_s=5.0, reconnect_max_s=10.0)


def test_what_was_read_is_acknowledged() -> None:
    receipts = Receipts(LIMITS)
    receipts.take(3, 0, 1.0)
    receipts.take(1, 0, 2.0)
    assert (receipts.received, receipts.acknowledged(2.0), receipts.is_due(1e9)) == (4, 4, False)


def test_acknowledgements_stop_in_front_of_a_refused_record_while_an_answer_may_wait_for_it() -> None:
    receipts = Receipts(LIMITS)
    receipts.take(3, 0, 1.0)
    receipts.take(2, 1, 2.0)
    receipts.take(4, 0, 3.0)
    assert receipts.received == 9
    assert receipts.acknowledged(3.0) == 3
    receipts.take(1, 1, 4.0)
    assert receipts.acknowledged(14.0) == 3
    assert receipts.acknowledged(14.1) == 10
    receipts.take(1, 1, 14.2)
    assert receipts.acknowledged(14.2) == 10


def test_what_was_refused_is_asked_for_again_after_a_while_once() -> None:
    receipts = Receipts(LIMITS)
    receipts.take(2, 1, 2.0)
    receipts.take(2, 1, 11.0)
    assert not receipts.is_due(11.9)
    assert receipts.is_due(12.0)
    receipts.ask_again()
    assert not receipts.is_due(1e9)
    receipts.take(2, 1, 13.0)
    assert not receipts.is_due(22.9)
    assert receipts.is_due(23.0)


def test_a_server_that_refuses_everything_asks_for_a_thousand_records_a_second_at_most() -> None:
    receipts = Receipts(LIMITS)
    receipts.take(50_000, 50_000, 0.0)
    assert not receipts.is_due(49.9)
    assert receipts.is_due(50.0)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5), st.floats(0.0, 20.0))))
def test_acknowledgements_never_go_back_and_never_run_ahead(chunks: list[tuple[int, int, float]]) -> None:
    receipts = Receipts(LIMITS)
    now_s, told = 0.0, 0
    for count, refused, pause_s in chunks:
        receipts.take(count, min(count, refused), now_s)
        assert told <= receipts.acknowledged(now_s) <= receipts.received
        told = receipts.acknowledged(now_s)
        now_s += pause_s
