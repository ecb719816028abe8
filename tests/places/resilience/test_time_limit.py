"""The time limit: whoever asks is told in time, whatever becomes of the work."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock

from herd.places.failures import TimedOut
from herd.places.resilience.time_limit import within


def outcomes_of(work: Deferred[Any]) -> list[Any]:
    """A list that gets the result, or the exception, when there is one."""
    outcomes: list[Any] = []
    work.addCallbacks(outcomes.append, lambda failure: outcomes.append(failure.value))
    return outcomes


def test_work_that_is_done_takes_no_timer() -> None:
    clock = Clock()
    assert outcomes_of(within(clock, 5, succeed("done"))) == ["done"]
    error = ValueError()
    assert outcomes_of(within(clock, 5, fail(error))) == [error]
    assert clock.getDelayedCalls() == []


def test_work_in_time_gives_its_result_and_stops_the_timer() -> None:
    clock, work = Clock(), Deferred[str]()
    outcomes = outcomes_of(within(clock, 5, work))
    clock.advance(4.9)
    work.callback("done")
    assert outcomes == ["done"]
    assert clock.getDelayedCalls() == []


def test_work_too_late_is_cancelled_and_its_end_dropped() -> None:
    clock, cancelled = Clock(), list[Any]()
    outcomes = outcomes_of(within(clock, 5, Deferred(cancelled.append)))
    clock.advance(4.999)
    assert outcomes == []
    clock.advance(0.001)
    (failure,) = outcomes
    assert isinstance(failure, TimedOut)
    assert str(failure) == "the places provider took longer than 5 s"
    assert failure.transient
    assert len(cancelled) == 1


def test_work_that_will_not_be_cancelled_holds_nobody_up() -> None:
    clock, inner = Clock(), Deferred[str]()

    async def stubborn() -> str:
        try:
            await Deferred[None]()
        except CancelledError:
            return await inner
        raise AssertionError

    outcomes = outcomes_of(within(clock, 5, Deferred.fromCoroutine(stubborn())))
    clock.advance(5)
    assert [type(each) for each in outcomes] == [TimedOut]
    inner.callback("far too late")
    assert len(outcomes) == 1


def test_cancelling_cancels_the_work_and_the_timer() -> None:
    clock, cancelled = Clock(), list[Any]()
    limited: Deferred[str] = within(clock, 5, Deferred(cancelled.append))
    outcomes = outcomes_of(limited)
    limited.cancel()
    assert [type(each) for each in outcomes] == [CancelledError]
    assert len(cancelled) == 1
    assert clock.getDelayedCalls() == []
