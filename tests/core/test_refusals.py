"""When what was refused as of the future is asked for again."""

from __future__ import annotations

from herd.core.limits import Limits
from herd.core.refusals import Refusals

LIMITS = Limits(reconnect_max_s=10.0)


def test_where_nothing_was_refused_nothing_is_asked_for() -> None:
    refusals = Refusals(LIMITS)
    refusals.add(0, 1.0)
    assert not refusals.is_due(1e9)


def test_what_was_refused_is_asked_for_after_a_while_once() -> None:
    refusals = Refusals(LIMITS)
    refusals.add(1, 2.0)
    refusals.add(1, 11.0)
    assert not refusals.is_due(11.9)
    assert refusals.is_due(12.0)
    refusals.ask_again()
    assert not refusals.is_due(1e9)
    refusals.add(1, 13.0)
    assert not refusals.is_due(22.9)
    assert refusals.is_due(23.0)


def test_a_server_that_refuses_everything_asks_for_a_thousand_records_a_second_at_most() -> None:
    refusals = Refusals(LIMITS)
    refusals.add(50_000, 0.0)
    assert not refusals.is_due(49.9)
    assert refusals.is_due(50.0)


def test_however_much_is_refused_it_is_asked_for_within_five_minutes() -> None:
    refusals = Refusals(LIMITS)
    for second in range(3600):
        refusals.add(3000, float(second))
    assert not refusals.is_due(299.9)
    assert refusals.is_due(300.0)
