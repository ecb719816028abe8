"""The provider `google-legacy`: the Nearby Search that herd's answers are shaped after.

It cannot be enabled in projects made after March 2025 and works in older ones. It tells errors with HTTP 200
and a status of its own, and ranks by prominence where a radius is given; results are sorted by distance here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from herd.core.errors import ConfigError
from herd.places.answers import found, nearest_first, place, refused
from herd.places.failures import ProviderError
from herd.places.google import KEY_ENV, check, meters, one_line
from herd.places.http import JsonClient
from herd.places.network import NetworkPlaces
from herd.places.secret import read_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.places.http import Reply
    from herd.places.interfaces import Answer, IPlaces, Question, Surroundings
    from herd.places.secret import Key

__all__ = ["BASE_URL", "adapt", "check", "open_places"]

BASE_URL: Final = "https://maps.googleapis.com"

_OK: Final = 200
_REFUSALS: Final = frozenset({"INVALID_REQUEST", "NOT_FOUND", "REQUEST_DENIED"})
_TRANSIENT: Final = frozenset({"OVER_QUERY_LIMIT", "UNKNOWN_ERROR"})


def open_places(options: Mapping[str, Any], surroundings: Surroundings) -> IPlaces:
    """Open the provider; a `ConfigError` says where its key is missing."""
    if problems := check(options):
        raise ConfigError([f"places.google-legacy.{problem}" for problem in problems])
    key = read_key("google-legacy", options, surroundings.environ, KEY_ENV)
    client = JsonClient(surroundings, options.get("base_url", BASE_URL), key)
    return NetworkPlaces(_GoogleLegacy(client, key).ask, client.close, options, surroundings)


class _GoogleLegacy:
    def __init__(self, client: JsonClient, key: Key) -> None:
        self._client = client
        self._key = key

    async def ask(self, question: Question) -> Answer:
        """Send one request and adapt its answer."""
        center = question.position
        reply = await self._client.request(
            "GET",
            "/maps/api/place/nearbysearch/json",
            params={
                "location": f"{center.latitude:.7f},{center.longitude:.7f}",
                "radius": f"{meters(question.radius_km):.0f}",
                "key": self._key.reveal(),
            },
        )
        try:
            answer = adapt(reply, question)
        except ProviderError as failure:
            raise ProviderError(
                self._key.scrub(str(failure)), status=failure.status, transient=failure.transient
            ) from None
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ProviderError(
                "the places provider's answer has not the shape that Google documents"
            ) from None
        return self._key.scrub_all(answer)


def adapt(reply: Reply, question: Question) -> Answer:
    """Sort and trim an answer.

    A status that asks for another try is a `ProviderError`; any other exception says that the shape is wrong.
    """
    if reply.code != _OK:
        status = "REQUEST_DENIED" if reply.code in {401, 403} else "INVALID_REQUEST"
        return refused(status, f"the places provider refused (HTTP {reply.code}); is base_url right?")
    status = reply.value["status"]
    message = one_line(reply.value.get("error_message", "")) or "no reason was given"
    if status in _REFUSALS:
        return refused(status, f"the places provider refused: {message}")
    if status in _TRANSIENT:
        raise ProviderError(f"the places provider could not answer: {message}", status=status, transient=True)
    if status not in {"OK", "ZERO_RESULTS"}:
        raise ValueError(status)
    results = [
        place(
            str(each.get("name", "")),
            float(each["geometry"]["location"]["lat"]),
            float(each["geometry"]["location"]["lng"]),
            str(each["place_id"]),
            [str(kind) for kind in each.get("types", [])],
            str(each.get("vicinity", "")),
        )
        for each in reply.value["results"]
    ]
    attributions = [str(each) for each in reply.value.get("html_attributions", [])]
    return found(nearest_first(results, question.position), attributions)
