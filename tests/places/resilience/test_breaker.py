"""The breaker: closed, open, half open, and back."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from herd.places.failures import ProviderError
from herd.places.resilience.breaker import Breaker


class Patient:
    """A provider that is alive or dead, and a breaker before it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.breaker = Breaker(self.clock, failures=3, rest_s=10)
        self.is_alive = False
        self.asked = 0

    def ask(self) -> Deferred[str]:
        self.asked += 1
        return succeed("fine") if self.is_alive else fail(ProviderError("dead", status="OVER_QUERY_LIMIT"))

    def call(self) -> Any:
        outcomes: list[Any] = []
        asked = self.breaker.call(self.ask)
        asked.addCallbacks(outcomes.append, lambda failure: outcomes.append(str(failure.value)))
        return outcomes[0]


@pytest.fixture
def dead() -> Patient:
    """A patient that has failed often enough."""
    patient = Patient()
    assert [patient.call() for _ in range(3)] == ["dead"] * 3
    return patient


REFUSED = "the places provider failed 3 times in a row and is left alone now"


def test_failures_in_a_row_open_it_and_then_nobody_asks(dead: Patient) -> None:
    assert dead.breaker.is_open
    dead.clock.advance(9.9)
    assert dead.call() == REFUSED
    assert dead.asked == 3


def test_a_refusal_by_the_breaker_has_the_last_status_and_is_not_transient(dead: Patient) -> None:
    errors: list[ProviderError] = []
    dead.breaker.call(dead.ask).addCallbacks(pytest.fail, lambda failure: errors.append(failure.value))
    assert (errors[0].status, errors[0].transient) == ("OVER_QUERY_LIMIT", False)


def test_a_success_between_failures_keeps_it_closed() -> None:
    patient = Patient()
    for is_alive in (False, False, True, False, False):
        patient.is_alive = is_alive
        patient.call()
    assert not patient.breaker.is_open


def test_a_probe_that_succeeds_closes_it(dead: Patient) -> None:
    dead.clock.advance(10)
    dead.is_alive = True
    assert dead.call() == "fine"
    assert not dead.breaker.is_open
    dead.is_alive = False
    assert [dead.call() for _ in range(3)] == ["dead"] * 3


def test_a_probe_that_fails_opens_it_again(dead: Patient) -> None:
    dead.clock.advance(10)
    assert dead.call() == "dead"
    assert dead.asked == 4
    dead.clock.advance(9.9)
    assert "left alone now" in dead.call()
    assert dead.asked == 4
    dead.clock.advance(0.1)
    assert dead.call() == "dead"


def test_there_is_one_probe_at_a_time_and_a_cancelled_one_makes_way(dead: Patient) -> None:
    dead.clock.advance(10)
    probe: Deferred[str] = Deferred()
    probing = dead.breaker.call(lambda: probe).addErrback(lambda _: None)
    assert dead.call() == REFUSED
    probing.cancel()
    assert dead.breaker.is_open
    dead.is_alive = True
    assert dead.call() == "fine"


def test_calls_begun_before_it_opened_do_not_lengthen_the_rest(dead: Patient) -> None:
    late: Deferred[str] = Deferred()
    patient = Patient()
    patient.breaker.call(lambda: late).addErrback(lambda _: None)
    for _ in range(3):
        patient.call()
    patient.clock.advance(5)
    late.errback(ProviderError("late"))
    patient.clock.advance(5)
    patient.is_alive = True
    assert patient.call() == "fine"
    assert dead.breaker.is_open


def test_cancelled_calls_count_for_nothing() -> None:
    patient = Patient()
    for _ in range(10):
        calling: Deferred[str] = patient.breaker.call(Deferred)
        calling.addErrback(lambda _: None)
        calling.cancel()
    assert not patient.breaker.is_open
