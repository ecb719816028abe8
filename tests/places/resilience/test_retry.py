"""Retries: which failures are worth one, how long the waits are, and when it is enough."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock

from herd.places.failures import ProviderError, TimedOut
from herd.places.resilience.retry import FIRST_WAIT_S, Retry

BUSY = ProviderError("busy", transient=True)
WRONG = ProviderError("wrong")


class Script:
    """Gives one outcome for each call, and remembers when it was called."""

    def __init__(self, clock: Clock, *outcomes: Any) -> None:
        self.calls: list[float] = []
        self._clock = clock
        self._outcomes = list(outcomes)

    def __call__(self) -> Deferred[Any]:
        self.calls.append(self._clock.seconds())
        outcome = self._outcomes.pop(0)
        return fail(outcome) if isinstance(outcome, Exception) else succeed(outcome)


def run(clock: Clock, script: Any, seed: int = 1) -> list[Any]:
    outcomes: list[Any] = []
    asked = Retry(clock, random.Random(seed)).call(script)
    asked.addCallbacks(outcomes.append, lambda failure: outcomes.append(failure.value))
    clock.pump([0.01] * 500)
    return outcomes


def test_success_at_once_is_one_call_and_no_wait() -> None:
    clock = Clock()
    script = Script(clock, "fine")
    outcomes: list[Any] = []
    Retry(clock, random.Random(1)).call(script).addCallback(outcomes.append)
    assert outcomes == ["fine"]
    assert script.calls == [0.0]


@pytest.mark.parametrize("failure", [BUSY, TimedOut(2)])
def test_a_transient_failure_is_tried_again(failure: ProviderError) -> None:
    clock = Clock()
    script = Script(clock, failure, "fine")
    assert run(clock, script) == ["fine"]
    assert len(script.calls) == 2


@pytest.mark.parametrize("failure", [WRONG, ValueError("a bug")])
def test_any_other_failure_is_not(failure: Exception) -> None:
    clock = Clock()
    script = Script(clock, failure, "fine")
    assert run(clock, script) == [failure]
    assert len(script.calls) == 1


def test_the_third_failure_in_a_row_is_the_answer() -> None:
    clock = Clock()
    script = Script(clock, BUSY, BUSY, BUSY, "too late")
    assert run(clock, script) == [BUSY]
    assert len(script.calls) == 3


@given(st.integers())
def test_waits_double_and_are_drawn_from_the_upper_half(seed: int) -> None:
    clock = Clock()
    script = Script(clock, BUSY, BUSY, "fine")
    run(clock, script, seed)
    first, second = (later - sooner for sooner, later in zip(script.calls, script.calls[1:], strict=False))
    step = 0.0101  # the clock's
    assert FIRST_WAIT_S / 2 <= first <= FIRST_WAIT_S + step
    assert FIRST_WAIT_S <= second <= 2 * FIRST_WAIT_S + step


def test_the_same_seed_waits_the_same() -> None:
    calls = []
    for _ in range(2):
        clock = Clock()
        script = Script(clock, BUSY, BUSY, "fine")
        run(clock, script, 7)
        calls.append(script.calls)
    assert calls[0] == calls[1]


def test_a_wait_that_the_provider_asks_for_is_kept() -> None:
    clock = Clock()
    script = Script(clock, ProviderError("busy", transient=True, retry_after_s=1.0), "fine")
    assert run(clock, script) == ["fine"]
    assert script.calls[1] == pytest.approx(1.0, abs=0.011)


def test_a_wait_too_long_for_a_client_is_not_begun() -> None:
    clock = Clock()
    patient = ProviderError("busy", transient=True, retry_after_s=60.0)
    script = Script(clock, patient, "fine")
    assert run(clock, script) == [patient]
    assert len(script.calls) == 1


def test_cancelling_ends_a_wait_and_a_try() -> None:
    clock, cancelled, outcomes = Clock(), list[Any](), list[Any]()
    retry = Retry(clock, random.Random(1))
    waiting: Deferred[str] = retry.call(Script(clock, BUSY, "fine"))
    trying: Deferred[str] = retry.call(lambda: Deferred(cancelled.append))
    for each in (waiting, trying):
        each.addCallbacks(outcomes.append, lambda failure: outcomes.append(failure.type))
        each.cancel()
    assert outcomes == [CancelledError, CancelledError]
    assert len(cancelled) == 1
    assert clock.getDelayedCalls() == []
