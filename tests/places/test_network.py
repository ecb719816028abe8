"""The layers together, on a clock: how one question, and many, pass through them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from attrs import Factory, define
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from herd.places.answers import found, refused
from herd.places.failures import ProviderError, TimedOut
from herd.places.interfaces import Answer, Question, Surroundings
from herd.places.network import NetworkPlaces
from tests.places.standins import ask

FINE = found([])
BUSY = ProviderError("busy", transient=True)


@define
class Adapter:
    """An adapter whose requests a test ends, or that ends them by itself with `always`."""

    clock: Clock
    always: Any = None
    begun: list[float] = Factory(list)
    open: list[Deferred[Answer]] = Factory(list)

    async def ask(self, _: Question) -> Answer:
        self.begun.append(round(self.clock.seconds(), 1))
        if isinstance(self.always, Exception):
            raise self.always
        if self.always is not None:
            answer: Answer = self.always
            return answer
        self.open.append(Deferred())
        return await self.open[-1]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def adapter(clock: Clock) -> Adapter:
    return Adapter(clock)


def places_of(adapter: Adapter, **options: Any) -> NetworkPlaces:
    surroundings = Surroundings(reactor=adapter.clock, random=random.Random(6), environ={})
    return NetworkPlaces(adapter.ask, lambda: succeed(None), options, surroundings)


def collect(asked: Deferred[Answer]) -> list[Any]:
    outcomes: list[Any] = []
    asked.addCallbacks(outcomes.append, lambda failure: outcomes.append(failure.value))
    return outcomes


def test_an_answer_that_is_there_comes_at_once(adapter: Adapter, clock: Clock) -> None:
    adapter.always = FINE
    assert collect(places_of(adapter).near(ask())) == [FINE]
    assert clock.getDelayedCalls() == []


def test_a_silent_provider_is_asked_three_times_for_two_seconds_each(adapter: Adapter, clock: Clock) -> None:
    outcomes = collect(places_of(adapter).near(ask()))
    clock.pump([0.1] * 70)
    assert [type(each) for each in outcomes] == [TimedOut]
    first, second, third = adapter.begun
    assert first == 0
    assert 2.1 <= second <= 2.4
    assert second + 2.2 <= third <= second + 2.6
    assert clock.getDelayedCalls() == []


def test_a_refusal_is_one_request(adapter: Adapter, clock: Clock) -> None:
    adapter.always = refused("REQUEST_DENIED", "no")
    outcomes = collect(places_of(adapter).near(ask()))
    clock.pump([0.1] * 70)
    assert (outcomes, len(adapter.begun)) == ([adapter.always], 1)


def test_the_same_question_is_one_request_and_another_is_not(adapter: Adapter) -> None:
    places = places_of(adapter)
    same = [collect(places.near(ask())) for _ in range(3)]
    other = collect(places.near(ask(bound=6)))
    assert len(adapter.begun) == 2
    adapter.open[0].callback(FINE)
    assert same == [[FINE]] * 3
    assert other == []
    adapter.open[1].callback(FINE)


def test_requests_in_flight_are_bounded_and_waits_between_tries_hold_no_place(
    adapter: Adapter, clock: Clock
) -> None:
    places = places_of(adapter, in_flight=2)
    outcomes = [collect(places.near(ask(radius_km=n))) for n in range(1, 5)]
    assert len(adapter.begun) == 2
    adapter.open[0].errback(BUSY)  # will be asked again; meanwhile the third takes its place
    assert len(adapter.begun) == 3
    clock.advance(1)  # the retry waits behind the fourth
    adapter.open[1].callback(FINE)
    adapter.open[2].callback(FINE)
    assert len(adapter.begun) == 5
    adapter.open[3].callback(FINE)
    adapter.open[4].callback(FINE)
    assert outcomes == [[FINE]] * 4


def test_a_dead_provider_is_left_alone_and_found_again(adapter: Adapter, clock: Clock) -> None:
    adapter.always = BUSY
    places = places_of(adapter)
    for n in range(10):
        collect(places.near(ask(radius_km=n)))
        clock.pump([0.1] * 10)
    assert len(adapter.begun) == 5
    adapter.always = FINE
    clock.advance(10)
    assert collect(places.near(ask())) == [FINE]


def test_those_who_wait_for_a_turn_at_a_provider_that_dies_fail_with_it(
    adapter: Adapter, clock: Clock
) -> None:
    places = places_of(adapter, in_flight=5, attempt_timeout_s=1)
    outcomes = [collect(places.near(ask(radius_km=n / 50))) for n in range(2000)]
    clock.advance(1)
    # Four more took the places of the first four; the fifth failure opened the breaker.
    assert len(adapter.begun) == 9
    clock.pump([0] * 50)
    assert all("left alone now" in str(each[0]) for each in outcomes[9:])


def test_the_time_of_one_attempt_is_configured(adapter: Adapter, clock: Clock) -> None:
    outcomes = collect(places_of(adapter, attempt_timeout_s=0.25).near(ask()))
    clock.pump([0.05] * 40)
    (failure,) = outcomes
    assert str(failure) == "the places provider took longer than 0.25 s"
