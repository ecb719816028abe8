"""The provider `overpass`: OpenStreetMap as a server that the user names knows it.

Overpass gives what it finds in an order of its own, so the nearest places can only be known by asking for all
of a circle. The first circle is small and grows fourfold until it holds enough; in a town that is one
request. A public server gives each address two requests at a time, which is what is kept to unless
`in_flight` says more.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from herd.core.errors import ConfigError
from herd.places.answers import found, nearest_first, place, refused
from herd.places.failures import ProviderError
from herd.places.geometry import distance_from
from herd.places.http import JsonClient
from herd.places.network import NETWORK_OPTIONS, NetworkPlaces
from herd.places.openstreetmap import ATTRIBUTION, KINDS, types_of, vicinity_of
from herd.places.options import Option, check_options, is_base_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.places.interfaces import Answer, IPlaces, Question, Surroundings

OPTIONS: Final = {
    **NETWORK_OPTIONS,
    "base_url": Option(
        "the server's address up to /api/interpreter, without that", is_base_url, required=True
    ),
}

_FIRST_RADIUS_KM: Final = 0.8
"""Twenty named places are within it in most towns; 3.2, 12.8 and 50 follow."""

_GROWTH: Final = 4.0

_MOST: Final = 2000
"""Objects that one request may bring: about a megabyte."""

_PUBLIC_SLOTS: Final = 2
_OK: Final = 200


def check(options: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the options."""
    return check_options(options, OPTIONS)


def open_places(options: Mapping[str, Any], surroundings: Surroundings) -> IPlaces:
    """Open the provider; a `ConfigError` says that no server is named."""
    if problems := check(options):
        raise ConfigError([f"places.overpass.{problem}" for problem in problems])
    client = JsonClient(surroundings, options["base_url"])
    bounded = {"in_flight": min(_PUBLIC_SLOTS, surroundings.in_flight), **options}
    ask = _Overpass(client, math.ceil(surroundings.timeout_s)).ask
    return NetworkPlaces(ask, client.close, bounded, surroundings)


class _Overpass:
    def __init__(self, client: JsonClient, server_timeout_s: int) -> None:
        self._client = client
        self._server_timeout_s = server_timeout_s

    async def ask(self, question: Question) -> Answer:
        """Ask for growing circles until one holds enough places."""
        distance_km = distance_from(question.position)
        radius_km = min(_FIRST_RADIUS_KM, question.radius_km)
        while True:
            answer = await self._ask_circle(question, radius_km)
            if radius_km >= question.radius_km or answer["status"] not in {"OK", "ZERO_RESULTS"}:
                return answer
            # An area's center may lie outside of the circle that its rim touches, and others nearer.
            places = [result["geometry"]["location"] for result in answer["results"]]
            if sum(distance_km(at["lat"], at["lng"]) <= radius_km for at in places) >= question.bound:
                return answer
            radius_km = min(radius_km * _GROWTH, question.radius_km)

    async def _ask_circle(self, question: Question, radius_km: float) -> Answer:
        script = query(question, radius_km, self._server_timeout_s)
        reply = await self._client.request("POST", "/api/interpreter", data={"data": script})
        if reply.code != _OK:
            status = "REQUEST_DENIED" if reply.code in {401, 403} else "INVALID_REQUEST"
            return refused(status, f"the places provider refused (HTTP {reply.code}); is base_url right?")
        try:
            return adapt(reply.value, question)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ProviderError("the places provider's answer has not Overpass' shape") from None


def query(question: Question, radius_km: float, timeout_s: int) -> str:
    """Return a script of Overpass' language: named points, and named areas of a kind, in the circle."""
    circle = (
        f"around:{radius_km * 1000:.1f},{question.position.latitude:.7f},{question.position.longitude:.7f}"
    )
    of_a_kind = f'["name"][~"^({"|".join(KINDS)})$"~"."]'
    shapes = f'node({circle})["name"];way({circle}){of_a_kind};relation({circle}){of_a_kind};'
    return f"[out:json][timeout:{timeout_s}];({shapes});out tags center {_MOST};"


def adapt(value: Mapping[str, Any], question: Question) -> Answer:
    """Make Google's shape of an answer; an exception says that it has not Overpass' shape.

    Overpass tells that it gave up (time, memory) in a `remark` beside whatever it has: a transient failure.
    """
    if "runtime error" in str(value.get("remark", "")):
        raise ProviderError("the places provider could not finish the question", transient=True)
    results = []
    for element in value["elements"]:
        at, tags = element.get("center", element), element.get("tags", {})
        results.append(
            place(
                str(tags["name"]),
                float(at["lat"]),
                float(at["lon"]),
                f"osm:{element['type']}/{element['id']}",
                types_of(tags),
                vicinity_of(tags),
            )
        )
    distance_km = distance_from(question.position)
    near = [
        each
        for each in results
        if distance_km(each["geometry"]["location"]["lat"], each["geometry"]["location"]["lng"])
        <= question.radius_km
    ]
    return found(nearest_first(near, question.position), [ATTRIBUTION])
