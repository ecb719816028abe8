"""The finder: always an answer, in time, in the bytes that a client gets, and never a key in it."""

from __future__ import annotations

import json
import random
import time
import traceback
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import pytest_twisted
from attrs import Factory, define, evolve
from twisted.internet.defer import Deferred, fail, gatherResults, succeed
from twisted.internet.task import Clock, LoopingCall
from twisted.logger import formatEvent
from zope.interface import implementer
from zope.interface.verify import verifyObject

from herd.core.errors import ConfigError, HerdError
from herd.places import finder as finder_module
from herd.places.answers import found, place, refused
from herd.places.failures import ProviderError
from herd.places.finder import Finder, check_provider, open_finder, providers
from herd.places.interfaces import IPlaces, IPlacesProvider, Question, Surroundings
from tests.places.standins import KEY, ask, cut_off, reactor, says, silence, ten_megabytes, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.logger import LogEvent
    from twisted.python.failure import Failure

    from herd.places.interfaces import Answer
    from tests.places.standins import Provider

BUSY = ProviderError("busy", status="OVER_QUERY_LIMIT", transient=True)


@implementer(IPlaces)
@define
class Scripted:
    """Places that do what a test says."""

    do: Any
    asked: list[Question] = Factory(list)
    is_closed: bool = False

    def near(self, question: Question) -> Deferred[Answer]:
        self.asked.append(question)
        result: Deferred[Answer] = self.do()
        return result

    def close(self) -> Deferred[None]:
        self.is_closed = True
        return succeed(None)


def found_now(finder: Finder, question: Question | None = None) -> Any:
    """The answer of a finder that has it at once."""
    texts: list[bytes] = []
    finder.find(question or ask()).addCallback(texts.append)
    (answer,) = texts
    assert b"\n\n" not in answer
    assert not answer.endswith(b"\n")
    return json.loads(answer)


def raises(error: Exception) -> Callable[[], Any]:
    def do() -> Any:
        raise error

    return do


def test_an_answer_at_once_is_a_deferred_that_has_fired() -> None:
    clock = Clock()
    places = Scripted(lambda: succeed(found([place(str(n), 0, 0, str(n)) for n in range(9)], ["us"])))
    answer = found_now(Finder(places, clock, 5), ask(bound=3))
    assert [each["name"] for each in answer["results"]] == ["0", "1", "2"]
    assert (answer["status"], answer["html_attributions"]) == ("OK", ["us"])
    assert clock.getDelayedCalls() == []


def test_a_bound_of_zero_needs_no_asking() -> None:
    places = Scripted(raises(AssertionError()))
    answer = found_now(Finder(places, Clock(), 5), ask(bound=0))
    assert answer == {"html_attributions": [], "results": [], "status": "OK"}
    assert places.asked == []


@pytest.mark.parametrize(
    ("do", "status", "message"),
    [
        (lambda: fail(BUSY), "OVER_QUERY_LIMIT", "busy"),
        (raises(BUSY), "OVER_QUERY_LIMIT", "busy"),
        (lambda: fail(HerdError("told")), "UNKNOWN_ERROR", "told"),
        (lambda: succeed(refused("REQUEST_DENIED", "wrong")), "REQUEST_DENIED", "wrong"),
    ],
)
def test_a_trouble_is_an_answer(do: Any, status: str, message: str) -> None:
    assert found_now(Finder(Scripted(do), Clock(), 5)) == {
        "error_message": message,
        "html_attributions": [],
        "results": [],
        "status": status,
    }


@pytest.mark.parametrize(
    ("do", "error"),
    [
        (lambda: fail(ZeroDivisionError("secret")), ZeroDivisionError),
        (raises(ZeroDivisionError("secret")), ZeroDivisionError),
        (lambda: succeed(None), AttributeError),
        (lambda: succeed({}), KeyError),
        (lambda: succeed({"results": [{"x": float("nan")}], "status": "OK"}), ValueError),
        (lambda: succeed({"results": [{"x": object()}], "status": "OK"}), TypeError),
    ],
)
def test_a_fault_in_a_provider_is_logged_and_is_an_answer_all_the_same(
    do: Any, error: type[Exception], flush_logged_errors: Callable[..., list[Failure]]
) -> None:
    answer = found_now(Finder(Scripted(do), Clock(), 5))
    assert (answer["status"], answer["results"]) == ("UNKNOWN_ERROR", [])
    assert answer["error_message"] == "the places provider failed; the server's log says more"
    assert len(flush_logged_errors(error)) == 1


def test_the_time_limit_counts_from_the_asking_and_holds_against_a_stubborn_provider() -> None:
    clock, texts = Clock(), list[bytes]()
    finder = Finder(Scripted(lambda: Deferred(lambda _: None)), clock, 5)
    finder.find(ask()).addCallback(texts.append)
    clock.advance(4.99)
    assert texts == []
    clock.advance(0.01)
    answer = json.loads(texts[0])
    assert (answer["status"], answer["error_message"]) == (
        "UNKNOWN_ERROR",
        "the places provider took longer than 5 s",
    )


def test_closing_answers_what_is_under_way_and_closes_the_provider() -> None:
    places, texts = Scripted(Deferred), list[bytes]()
    finder = Finder(places, Clock(), 5)
    for _ in range(3):
        finder.find(ask()).addCallback(texts.append)
    finder.close()
    assert [json.loads(each)["error_message"] for each in texts] == [
        "the question was withdrawn before its answer came"
    ] * 3
    assert places.is_closed
    assert finder._under_way == {}


def test_a_cancelled_question_does_not_fail_either() -> None:
    texts: list[bytes] = []
    asked = Finder(Scripted(Deferred), Clock(), 5).find(ask()).addCallback(texts.append)
    asked.cancel()
    assert json.loads(texts[0])["status"] == "UNKNOWN_ERROR"


def test_a_trouble_is_logged_when_it_begins_and_ends_not_each_time(logged: list[LogEvent]) -> None:
    outcomes: list[Any] = [BUSY, BUSY, BUSY, found([]), found([])]
    places = Scripted(
        lambda: fail(outcomes[0]) if isinstance(outcomes[0], Exception) else succeed(outcomes[0])
    )
    finder = Finder(places, Clock(), 5)
    while outcomes:
        found_now(finder)
        outcomes.pop(0)
    assert [formatEvent(event) for event in logged] == ["no places: busy", "places are found again"]


# The provider by its name.


def test_every_provider_is_a_plugin_with_a_name_and_a_line() -> None:
    known = providers()
    assert list(known) == ["embedded", "google", "google-legacy", "osm", "overpass"]
    for name, provider in known.items():
        verifyObject(IPlacesProvider, provider)
        assert provider.name == name
        assert 10 < len(provider.summary) < 100


def test_an_unknown_provider_is_told_with_the_nearest_one(surroundings: Surroundings) -> None:
    expected = "there is no provider 'googel', did you mean `google`?"
    assert check_provider("googel", {}) == [expected]
    with pytest.raises(ConfigError, match=r"^places\.provider: there is no provider 'googel'"):
        open_finder("googel", {}, surroundings, 5)
    assert check_provider("x", {}) == [
        "there is no provider 'x'; there is embedded, google, google-legacy, osm, overpass"
    ]


@pytest.mark.parametrize(
    ("name", "options", "problems"),
    [
        ("embedded", {}, []),
        ("embedded", {"fiel": 1}, ["fiel: there is no such option"]),
        ("osm", {"fiel": "x"}, ["fiel: there is no such option, did you mean `file`?"]),
        ("osm", {"file": 3}, ["file: it must be the path of a file that `herd places import` made"]),
        ("google", {"key_evn": "x"}, ["key_evn: there is no such option, did you mean `key_env`?"]),
    ],
)
def test_options_are_checked_without_opening_anything(
    name: str, options: dict[str, Any], problems: list[str]
) -> None:
    assert check_provider(name, options) == problems


def test_an_opened_finder_keeps_its_time_limit_in_the_providers_surroundings(
    surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Surroundings] = []

    class Plugin:
        name = "mine"

        def open(self, _: Any, surroundings: Surroundings) -> Scripted:
            given.append(surroundings)
            return Scripted(lambda: succeed(found([])))

    monkeypatch.setattr(finder_module, "getPlugins", lambda *_: [Plugin()])
    finder = open_finder("mine", {}, surroundings, 1.5)
    assert found_now(finder)["status"] == "ZERO_RESULTS"
    assert given == [evolve(surroundings, timeout_s=1.5)]


# A real server.


def options_of(provider: Provider, **more: Any) -> dict[str, Any]:
    return {"base_url": provider.base_url, **more}


@pytest_twisted.ensureDeferred
async def test_a_429_and_a_5xx_are_got_over(provider: Provider, surroundings: Surroundings) -> None:
    provider.behaviors = [text("", 429), text("", 500), says({"places": []})]
    finder = open_finder("google", options_of(provider), surroundings, 5)
    assert json.loads(await finder.find(ask()))["status"] == "ZERO_RESULTS"
    assert len(provider.asked) == 3
    await finder.close()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("behavior", "status"),
    [
        (text("", 429), "OVER_QUERY_LIMIT"),
        (text("", 503), "UNKNOWN_ERROR"),
        (cut_off, "UNKNOWN_ERROR"),
        (ten_megabytes, "UNKNOWN_ERROR"),
        (text("<html>"), "UNKNOWN_ERROR"),
        (text("", 301, location="/elsewhere"), "UNKNOWN_ERROR"),
        (says({"error": {"status": "PERMISSION_DENIED"}}, 403), "REQUEST_DENIED"),
    ],
)
async def test_what_goes_wrong_at_a_provider_is_an_answer(
    provider: Provider, surroundings: Surroundings, behavior: Any, status: str
) -> None:
    provider.behaviors = [behavior]
    finder = open_finder("google", options_of(provider), surroundings, 5)
    answer = json.loads(await finder.find(ask()))
    assert (answer["status"], answer["results"]) == (status, [])
    assert answer["error_message"].startswith("the places provider")
    await finder.close()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("attempt_timeout_s", [0.1, 60])
async def test_a_thousand_questions_to_a_silent_provider_are_answered_in_time_and_hold_up_nobody(
    provider: Provider, surroundings: Surroundings, attempt_timeout_s: float
) -> None:
    provider.behaviors = [silence]
    options = options_of(provider, attempt_timeout_s=attempt_timeout_s)
    finder = open_finder("google", options, surroundings, 0.5)
    ticks: list[float] = []
    ticking = LoopingCall(lambda: ticks.append(time.process_time()))
    ticking.clock = reactor
    ticking.start(0.01)
    started = reactor.seconds()
    answers = await gatherResults([finder.find(ask(radius_km=n / 20)) for n in range(1000)])
    took_s = reactor.seconds() - started
    ticking.stop()
    await finder.close()
    assert len(answers) == 1000
    assert {json.loads(each)["status"] for each in answers} == {"UNKNOWN_ERROR"}
    assert took_s < 10  # a machine may be busy; a minute is what one attempt may take
    # Nobody else waited long for the reactor: by the processor's time, as others use the machine too.
    assert max(later - sooner for sooner, later in pairwise(ticks)) < 0.5
    assert len(provider.asked) <= 64 * 3


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("name", ["google", "google-legacy"])
async def test_no_key_is_in_any_answer_log_repr_or_error(
    provider: Provider, surroundings: Surroundings, logged: list[LogEvent], name: str
) -> None:
    quoted = f"key {KEY} in /x?key={quote(KEY, safe='')}"
    fine = {"name": quoted, "place_id": KEY, "geometry": {"location": {"lat": 34.07, "lng": -118.4}}}
    behaviors = [
        says({"error": {"status": "PERMISSION_DENIED", "message": quoted}}, 403),
        says({"results": [], "status": "REQUEST_DENIED", "error_message": quoted}),
        says({"results": [], "status": "UNKNOWN_ERROR", "error_message": quoted}),
        says({"results": [fine], "status": "OK", "html_attributions": [quoted]}),
        says({"places": [{"id": KEY, "displayName": {"text": quoted}, "location": {}}]}),
        says(quoted),
        text(quoted),
        text(quoted, 500),
        text("", 302, location=f"http://127.0.0.1:1/{quoted}"),
        cut_off,
        silence,
    ]
    seen: list[str] = []
    for behavior in behaviors:
        provider.behaviors = [behavior]
        options = options_of(provider, attempt_timeout_s=0.05)
        finder = open_finder(name, options, surroundings, 1)
        seen += [(await finder.find(ask())).decode(), repr(finder), repr(finder._places)]
        places: Any = finder._places
        try:
            seen.append(repr(await places.near(ask())))
        except ProviderError as error:
            seen += [repr(error), str(error), "".join(traceback.format_exception(error))]
        seen += [repr(surroundings)]
        seen += [repr(vars(places)), repr(vars(places._ask.__self__))]
        await finder.close()
    assert provider.asked
    seen += [f"{formatEvent(event)} {event}" for event in logged]
    assert len(seen) > 5 * len(behaviors)
    for each in seen:
        assert KEY not in each
        assert quote(KEY, safe="") not in each
    assert any("***" in each for each in seen)


@pytest_twisted.ensureDeferred
async def test_the_embedded_places_answer_through_the_finder_at_once(
    gazetteer_environ: dict[str, str],
) -> None:
    surroundings = Surroundings(reactor=Clock(), random=random.Random(1), environ=gazetteer_environ)
    finder = open_finder("embedded", {}, surroundings, 5)
    answer = found_now(finder, ask(bound=2))
    assert [each["name"] for each in answer["results"]] == ["Bel Air", "Westwood"]
    await finder.close()
