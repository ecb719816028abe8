"""Overpass: growing circles, OpenStreetMap's tags, and a server's way to give up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted

from herd.core.errors import ConfigError
from herd.places.failures import ProviderError
from herd.places.overpass import adapt, check, open_places
from tests.places.standins import ask, says, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from herd.places.interfaces import Answer, Surroundings
    from tests.places.standins import Behavior, Provider


def node(number: int, latitude: float, **tags: str) -> dict[str, Any]:
    return {
        "type": "node",
        "id": number,
        "lat": latitude,
        "lon": -118.445127,
        "tags": {"name": f"Place {number}", **tags},
    }


def elements(*found: dict[str, Any]) -> Behavior:
    return says({"version": 0.6, "elements": list(found)})


async def answer_of(
    provider: Provider, surroundings: Surroundings, behaviors: Sequence[Behavior], bound: int = 2
) -> Answer:
    provider.behaviors = list(behaviors)
    places = open_places({"base_url": provider.base_url, "attempt_timeout_s": 5}, surroundings)
    try:
        answer: Answer = await places.near(ask(radius_km=10, bound=bound))
    finally:
        await places.close()
    return answer


def radii(provider: Provider) -> list[str]:
    return [re.findall(r"node\(around:([0-9.]+),", asked.arguments["data"])[0] for asked in provider.asked]


@pytest_twisted.ensureDeferred
async def test_one_small_circle_is_enough_in_a_town(provider: Provider, surroundings: Surroundings) -> None:
    found = elements(node(1, 34.071), node(2, 34.0690, amenity="cafe;bar", shop="yes"), node(3, 34.07))
    answer = await answer_of(provider, surroundings, [found])
    assert [each["name"] for each in answer["results"]] == ["Place 2", "Place 3", "Place 1"]
    assert answer["results"][0]["types"] == ["cafe", "bar", "shop"]
    assert answer["results"][0]["place_id"] == "osm:node/2"
    assert answer["results"][1]["types"] == ["point_of_interest"]
    (credit,) = answer["html_attributions"]
    assert "OpenStreetMap</a> contributors" in credit
    assert "ODbL" in credit
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/api/interpreter")
    script = asked.arguments["data"]
    assert script.startswith('[out:json][timeout:5];(node(around:800.0,34.0689300,-118.4451270)["name"];way(')
    assert script.endswith(");out tags center 2000;")


@pytest_twisted.ensureDeferred
async def test_circles_grow_until_they_hold_enough_or_are_the_whole(
    provider: Provider, surroundings: Surroundings
) -> None:
    nothing, one = elements(), elements(node(1, 34.08))
    answer = await answer_of(provider, surroundings, [nothing, one, elements(node(1, 34.08), node(2, 34.13))])
    assert radii(provider) == ["800.0", "3200.0", "10000.0"]
    assert [each["name"] for each in answer["results"]] == ["Place 1", "Place 2"]


@pytest_twisted.ensureDeferred
async def test_an_area_whose_center_is_outside_of_the_circle_does_not_count_as_near(
    provider: Provider, surroundings: Surroundings
) -> None:
    park = {"type": "way", "id": 7, "center": {"lat": 34.1, "lon": -118.445127}}
    park["tags"] = {"name": "Park", "leisure": "park", "addr:street": "Gate Way", "addr:city": "Westwood"}
    nearer = elements(park, node(1, 34.07), node(2, 34.08))
    answer = await answer_of(provider, surroundings, [elements(park, node(1, 34.07)), nearer])
    assert radii(provider) == ["800.0", "3200.0"]
    assert [each["name"] for each in answer["results"]] == ["Place 1", "Place 2", "Park"]
    assert answer["results"][2] == {
        "geometry": {"location": {"lat": 34.1, "lng": -118.445127}},
        "name": "Park",
        "place_id": "osm:way/7",
        "types": ["park"],
        "vicinity": "Gate Way, Westwood",
    }


def test_what_is_outside_of_the_radius_is_left_out() -> None:
    answer = adapt({"elements": [node(1, 34.5), node(2, 34.1)]}, ask(radius_km=10))
    assert [each["name"] for each in answer["results"]] == ["Place 2"]


@pytest_twisted.ensureDeferred
async def test_a_server_that_gives_up_is_asked_again(provider: Provider, surroundings: Surroundings) -> None:
    gives_up = says({"elements": [], "remark": 'runtime error: Query timed out in "query" at line 1'})
    fine = elements(node(1, 34.07), node(2, 34.07))
    answer = await answer_of(provider, surroundings, [gives_up, text("busy", 429), fine])
    assert answer["status"] == "OK"
    assert len(provider.asked) == 3


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize(("code", "status"), [(400, "INVALID_REQUEST"), (403, "REQUEST_DENIED")])
async def test_a_refusal_is_an_answer(
    provider: Provider, surroundings: Surroundings, code: int, status: str
) -> None:
    answer = await answer_of(provider, surroundings, [text("<html>no", code)])
    assert (answer["status"], len(provider.asked)) == (status, 1)


@pytest_twisted.ensureDeferred
async def test_another_shape_is_a_failure(provider: Provider, surroundings: Surroundings) -> None:
    with pytest.raises(ProviderError, match="has not Overpass' shape"):
        await answer_of(provider, surroundings, [elements({"type": "node", "id": 1})])


def test_the_server_must_be_named(surroundings: Surroundings) -> None:
    assert check({}) == [
        "base_url: it is missing; it must be the server's address up to /api/interpreter, without that"
    ]
    with pytest.raises(ConfigError, match=r"^places\.overpass\.base_url: it is missing"):
        open_places({}, surroundings)
