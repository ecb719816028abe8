"""The bound on what is under way: order, cancelling, and many that fail at once."""

from __future__ import annotations

from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.task import Clock

from herd.places.failures import ProviderError
from herd.places.resilience.in_flight import InFlight


class Work:
    """Calls that stay under way until a test ends them."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.running: dict[int, Deferred[int]] = {}

    def begin(self, number: int) -> Deferred[int]:
        self.begun.append(number)
        self.running[number] = Deferred()
        return self.running[number]

    def end(self, number: int) -> None:
        self.running.pop(number).callback(number)


def test_no_more_than_the_limit_run_and_they_run_in_order() -> None:
    bound, work, done = InFlight[int](Clock(), 2), Work(), list[int]()
    for number in range(5):
        bound.call(partial(work.begin, number)).addCallback(done.append)
    assert work.begun == [0, 1]
    work.end(1)
    assert work.begun == [0, 1, 2]
    work.end(0)
    work.end(2)
    assert work.begun == [0, 1, 2, 3, 4]
    assert done == [1, 0, 2]
    work.end(3)
    work.end(4)
    assert (done, bound.busy) == ([1, 0, 2, 3, 4], 0)


def test_a_failure_frees_its_place() -> None:
    bound, work, failures = InFlight[int](Clock(), 1), Work(), list[Any]()
    bound.call(partial(work.begin, 0)).addErrback(lambda failure: failures.append(failure.type))
    bound.call(partial(work.begin, 1))
    work.running[0].errback(ValueError())
    assert (work.begun, failures) == ([0, 1], [ValueError])
    work.end(1)


def test_a_waiter_who_gives_up_is_never_begun() -> None:
    bound, work, gone = InFlight[int](Clock(), 1), Work(), list[Any]()
    bound.call(partial(work.begin, 0))
    waiter = bound.call(partial(work.begin, 1)).addErrback(lambda failure: gone.append(failure.type))
    bound.call(partial(work.begin, 2))
    waiter.cancel()
    work.end(0)
    assert (work.begun, gone) == ([0, 2], [CancelledError])
    work.end(2)


def test_cancelling_what_runs_cancels_it_and_frees_its_place() -> None:
    bound, work = InFlight[int](Clock(), 1), Work()
    cancelled: list[Any] = []
    running: Deferred[int] = bound.call(lambda: Deferred(cancelled.append))
    bound.call(partial(work.begin, 1))
    running.addErrback(lambda _: None)
    running.cancel()
    assert (len(cancelled), work.begun) == (1, [1])
    work.end(1)


def test_too_many_waiters_are_turned_away() -> None:
    bound, work, refused = InFlight[int](Clock(), 1, max_waiting=1), Work(), list[Any]()
    bound.call(partial(work.begin, 0))
    bound.call(partial(work.begin, 1))
    bound.call(partial(work.begin, 2)).addErrback(lambda failure: refused.append(failure.value))
    (error,) = refused
    assert isinstance(error, ProviderError)
    assert error.status == "OVER_QUERY_LIMIT"
    work.end(0)
    work.end(1)
    assert work.begun == [0, 1]


def test_thousands_that_fail_at_once_pile_up_neither_on_the_stack_nor_in_one_turn() -> None:
    clock, work, failures = Clock(), Work(), list[Any]()
    bound = InFlight[int](clock, 1)
    bound.call(partial(work.begin, 0)).addErrback(lambda _: None)
    for _ in range(5000):
        bound.call(lambda: fail(ValueError())).addErrback(lambda failure: failures.append(failure.type))
    work.end(0)
    assert failures == [ValueError] * 50
    bound.call(partial(work.begin, 1))  # takes its place at the end of the row
    clock.pump([0] * 100)
    assert failures == [ValueError] * 5000
    assert work.begun == [0, 1]
    work.end(1)
    assert (bound.busy, clock.getDelayedCalls()) == (0, [])


@given(st.integers(1, 4), st.lists(st.integers(0, 9), max_size=40))
def test_whatever_ends_when_the_bound_holds_and_all_are_served_in_order(limit: int, ends: list[int]) -> None:
    bound, work, done = InFlight[int](Clock(), limit), Work(), list[int]()
    for number in range(10):
        bound.call(partial(work.begin, number)).addCallback(done.append)
    for number in [*ends, *range(10)]:
        assert len(work.running) == bound.busy <= limit
        if number in work.running:
            work.end(number)
    for number in range(10):
        if number in work.running:
            work.end(number)
    assert work.begun == list(range(10))
    assert sorted(done) == list(range(10))
