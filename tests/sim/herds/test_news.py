"""News that goes back to whom it came from, and records that were not received when they say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from attrs import evolve

from herd.sim.engine.turns import LONG_TURN_NS
from herd.sim.herds.news import differences_are_exact, sent_back
from tests.sim.herds.stories import EPOCH_S, HERD, S, record

EARLY, LATE = record("10", 1.5), record("20", 140.5)


def simulation(**watch: Any) -> Any:
    return SimpleNamespace(epoch_ns=EPOCH_S * S, scene=SimpleNamespace(watch=SimpleNamespace(**watch)))


def test_news_goes_back_to_nobody_once_the_herd_has_settled() -> None:
    seen = {EARLY: round(1.5 * S), LATE: round(140.5 * S)}
    run = simulation(seen_ns=seen, sent_back=dict.fromkeys([("Ball", "Alford", each) for each in seen]))
    (violation,) = sent_back(run, evolve(HERD, calm_ns=100 * S, settle_ns=30 * S))
    assert str(violation) == (
        f"terminates: sent back: Ball sent `{LATE.decode()}` to Alford, which it had it from"
    )
    assert not list(sent_back(run, HERD))


def test_a_record_was_received_when_it_was_first_seen() -> None:
    half = record("10.0000000005", 1.5)
    exact = {EARLY: round(1.5 * S), half: round(1.5 * S)}
    assert differences_are_exact(simulation(seen_ns=exact, answered_ns=exact)) == []
    later = {EARLY: round(1.5 * S) + 61}
    assert differences_are_exact(simulation(seen_ns=later, answered_ns=later)) == [
        f"`{EARLY.decode()}` says that it came -61 ns from when it did"
    ]


def test_who_is_told_at_the_end_of_a_turn_may_see_it_later_than_who_is_answered() -> None:
    def said(seen_ns: int) -> list[str]:
        return differences_are_exact(simulation(seen_ns={EARLY: seen_ns}, answered_ns={EARLY: 2 * S}))

    assert said(round(1.5 * S) + LONG_TURN_NS) == []
    assert said(round(1.5 * S) + LONG_TURN_NS + 2) != []
    assert said(round(1.5 * S) - 1) != []
