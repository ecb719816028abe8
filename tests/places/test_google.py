"""Google, new and legacy: what is asked, and every kind of answer in the one shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from attrs import evolve

from herd.core.errors import ConfigError
from herd.core.position import Position
from herd.places import google, google_legacy
from herd.places.failures import ProviderError
from herd.places.google import adapt
from herd.places.http import Reply
from tests.places.standins import KEY, ask, says

if TYPE_CHECKING:
    from herd.places.interfaces import Answer, Question, Surroundings
    from tests.places.standins import Behavior, Provider

NEW = {
    "places": [
        {
            "id": "far",
            "displayName": {"text": "Far Away", "languageCode": "en"},
            "location": {"latitude": 34.1, "longitude": -118.45},
        },
        {
            "id": "near",
            "displayName": {"text": "Powell Library"},
            "location": {"latitude": 34.0716, "longitude": -118.4422},
            "types": ["library"],
            "shortFormattedAddress": "10740 Dickson Plaza",
            "attributions": [{"provider": "A & B", "providerUri": "https://a.example/?x=1&y=2"}],
        },
    ]
}
OLD = {
    "html_attributions": ["by <b>them</b>"],
    "results": [
        {
            "name": name,
            "geometry": {"location": {"lat": latitude, "lng": -118.45}, "viewport": {}},
            "place_id": name.lower(),
            "types": ["cafe"],
            "vicinity": "Westwood",
            "photos": [{"photo_reference": KEY}],
        }
        for name, latitude in (("Far", 34.2), ("Near", 34.07), ("Middle", 34.1))
    ],
    "next_page_token": "x",
    "status": "OK",
}


async def answer_of(
    module: Any,
    provider: Provider,
    surroundings: Surroundings,
    behavior: Behavior,
    question: Question | None = None,
) -> Answer:
    """Ask once, and close."""
    provider.behaviors = [behavior]
    options = {"base_url": provider.base_url, "attempt_timeout_s": 5}
    places = module.open_places(options, surroundings)
    try:
        answer: Answer = await places.near(question or ask())
    finally:
        await places.close()
    return answer


@pytest_twisted.ensureDeferred
async def test_the_new_request_is_as_google_documents_it(
    provider: Provider, surroundings: Surroundings
) -> None:
    await answer_of(google, provider, surroundings, says(NEW), ask(radius_km=2.5, bound=7))
    (asked,) = provider.asked
    assert (asked.method, asked.path, asked.arguments) == ("POST", "/v1/places:searchNearby", {})
    assert asked.headers["x-goog-api-key"] == KEY
    assert asked.headers["content-type"].startswith("application/json")
    assert asked.headers["x-goog-fieldmask"] == (
        "places.id,places.displayName,places.location,places.types,"
        "places.shortFormattedAddress,places.attributions"
    )
    assert json.loads(asked.body) == {
        "locationRestriction": {
            "circle": {"center": {"latitude": 34.06893, "longitude": -118.445127}, "radius": 2500.0}
        },
        "maxResultCount": 7,
        "rankPreference": "DISTANCE",
    }


@pytest_twisted.ensureDeferred
async def test_the_new_answer_becomes_the_legacy_one_nearest_first(
    provider: Provider, surroundings: Surroundings
) -> None:
    answer = await answer_of(google, provider, surroundings, says(NEW))
    assert answer == {
        "html_attributions": ['<a href="https://a.example/?x=1&amp;y=2">A &amp; B</a>'],
        "results": [
            {
                "geometry": {"location": {"lat": 34.0716, "lng": -118.4422}},
                "name": "Powell Library",
                "place_id": "near",
                "types": ["library"],
                "vicinity": "10740 Dickson Plaza",
            },
            {
                "geometry": {"location": {"lat": 34.1, "lng": -118.45}},
                "name": "Far Away",
                "place_id": "far",
            },
        ],
        "status": "OK",
    }


@pytest_twisted.ensureDeferred
async def test_the_legacy_request_and_answer(provider: Provider, surroundings: Surroundings) -> None:
    answer = await answer_of(google_legacy, provider, surroundings, says(OLD), ask(radius_km=0.5))
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("GET", "/maps/api/place/nearbysearch/json")
    assert asked.arguments == {"location": "34.0689300,-118.4451270", "radius": "500", "key": KEY}
    assert sorted(answer) == ["html_attributions", "results", "status"]
    assert answer["html_attributions"] == ["by <b>them</b>"]
    assert [each["name"] for each in answer["results"]] == ["Near", "Middle", "Far"]
    assert answer["results"][0] == {
        "geometry": {"location": {"lat": 34.07, "lng": -118.45}},
        "name": "Near",
        "place_id": "near",
        "types": ["cafe"],
        "vicinity": "Westwood",
    }


@pytest.mark.parametrize(("radius_km", "meters"), [(0, 1.0), (0.0005, 1.0), (0.3, 300.0), (50, 50_000.0)])
def test_kilometers_become_meters_and_at_least_one(radius_km: float, meters: float) -> None:
    assert google.meters(radius_km) == meters


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("module", [google, google_legacy])
async def test_nothing_found_is_zero_results(
    provider: Provider, surroundings: Surroundings, module: Any
) -> None:
    behavior = says({"results": [], "status": "ZERO_RESULTS", "html_attributions": []})
    answer = await answer_of(module, provider, surroundings, behavior)
    assert answer == {"html_attributions": [], "results": [], "status": "ZERO_RESULTS"}


def error(code: int, status: str, message: str = "no", reason: str = "") -> Behavior:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}] if reason else []
    return says({"error": {"code": code, "message": message, "status": status, "details": details}}, code)


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(
    ("behavior", "status", "message"),
    [
        (error(400, "INVALID_ARGUMENT", "bad\nradius"), "INVALID_REQUEST", "refused (HTTP 400): bad radius"),
        (
            error(400, "INVALID_ARGUMENT", "key", "API_KEY_INVALID"),
            "REQUEST_DENIED",
            "refused (HTTP 400): key",
        ),
        (error(403, "PERMISSION_DENIED", f"key {KEY} is bad"), "REQUEST_DENIED", "key *** is bad"),
        (error(401, "UNAUTHENTICATED"), "REQUEST_DENIED", "refused (HTTP 401): no"),
        (says([], 404), "INVALID_REQUEST", "refused (HTTP 404): no reason was given; is base_url right?"),
    ],
)
async def test_a_refusal_of_the_new_api_is_an_answer_and_is_not_asked_again(
    provider: Provider, surroundings: Surroundings, behavior: Behavior, status: str, message: str
) -> None:
    answer = await answer_of(google, provider, surroundings, behavior)
    assert (answer["status"], answer["results"]) == (status, [])
    assert message in answer["error_message"]
    assert len(provider.asked) == 1


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("status", ["REQUEST_DENIED", "INVALID_REQUEST"])
async def test_a_refusal_of_the_legacy_api_is_an_answer_and_is_not_asked_again(
    provider: Provider, surroundings: Surroundings, status: str
) -> None:
    behavior = says({"results": [], "status": status, "error_message": f"The key {KEY} is wrong."})
    answer = await answer_of(google_legacy, provider, surroundings, behavior)
    assert answer == {
        "error_message": "the places provider refused: The key *** is wrong.",
        "html_attributions": [],
        "results": [],
        "status": status,
    }
    assert len(provider.asked) == 1


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("status", ["OVER_QUERY_LIMIT", "UNKNOWN_ERROR"])
async def test_a_passing_error_of_the_legacy_api_is_asked_again(
    provider: Provider, surroundings: Surroundings, status: str
) -> None:
    provider.behaviors = []
    places = google_legacy.open_places({"base_url": provider.base_url}, surroundings)
    provider.behaviors = [says({"results": [], "status": status, "error_message": KEY}), says(OLD)]
    assert (await places.near(ask()))["status"] == "OK"
    provider.behaviors = [says({"results": [], "status": status, "error_message": KEY})]
    with pytest.raises(ProviderError) as raised:
        await places.near(ask())
    assert str(raised.value) == "the places provider could not answer: ***"
    assert raised.value.status == status
    assert len(provider.asked) == 2 + 3
    await places.close()


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("module", [google, google_legacy])
@pytest.mark.parametrize(
    "value",
    [
        [],
        7,
        None,
        {"places": 5, "results": 5, "status": "OK"},
        {"places": [{}], "results": [{}], "status": "OK"},
        {"places": [None], "status": "SOMETHING_NEW"},
        {
            "places": [{"id": "x", "location": {"latitude": 1e999}}],
            "results": [{"place_id": "x", "geometry": {"location": {"lat": 1e999, "lng": 0}}}],
            "status": "OK",
        },
    ],
)
async def test_another_shape_is_a_failure(
    provider: Provider, surroundings: Surroundings, module: Any, value: Any
) -> None:
    with pytest.raises(ProviderError, match=r"has not the shape that Google documents|is not JSON"):
        await answer_of(module, provider, surroundings, says(value))
    assert len(provider.asked) == 1


def test_a_place_at_zero_degrees_is_read_as_protocol_buffers_leave_zeros_out() -> None:
    reply = Reply(200, {"places": [{"id": "null-island", "location": {}}]})
    question = ask(position=Position(0, 0))
    assert adapt(reply, question)["results"] == [
        {"geometry": {"location": {"lat": 0.0, "lng": 0.0}}, "name": "", "place_id": "null-island"}
    ]


@pytest.mark.parametrize("module", [google, google_legacy])
def test_a_missing_key_says_where_it_was_looked_for(surroundings: Surroundings, module: Any) -> None:
    keyless = evolve(surroundings, environ={})
    with pytest.raises(
        ConfigError, match="the environment variable HERD_GOOGLE_KEY holds no key; set it, or"
    ):
        module.open_places({}, keyless)


@pytest.mark.parametrize("module", [google, google_legacy])
def test_options_are_checked_without_showing_their_values(module: Any) -> None:
    assert module.check({"key_env": "MY_KEY", "base_url": "https://proxy.example/google"}) == []
    assert module.check({"key": KEY, "base_url": "ftp://x", "attempt_timeout_s": 0, "in_flight": True}) == [
        "key: there is no such option, did you mean `key_env`?",
        "base_url: it must be the beginning of an address: http or https, no password, no query",
        "attempt_timeout_s: it must be a number of seconds above 0",
        "in_flight: it must be a whole number from 1 to 1024",
    ]
    assert module.check({"key_env": "A", "key_file": "b"}) == [
        "key_env: key_file is given too; keep one of them"
    ]
