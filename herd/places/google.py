"""The provider `google`: Places API (New), adapted to the shape of the legacy one.

Names are not logged and nothing is kept, as Google's terms ask; attributions are passed on. Google takes
meters and no radius of 0, of which a meter is the nearest.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

from herd.core.errors import ConfigError
from herd.places.answers import MAX_RESULTS, found, nearest_first, place, refused
from herd.places.failures import ProviderError
from herd.places.http import JsonClient
from herd.places.network import KEY_OPTIONS, NETWORK_OPTIONS, NetworkPlaces
from herd.places.options import check_options
from herd.places.secret import read_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.places.http import Reply
    from herd.places.interfaces import Answer, IPlaces, Question, Surroundings
    from herd.places.secret import Key

BASE_URL: Final = "https://places.googleapis.com"
KEY_ENV: Final = "HERD_GOOGLE_KEY"

_FIELDS: Final = ",".join(
    f"places.{field}"
    for field in ("id", "displayName", "location", "types", "shortFormattedAddress", "attributions")
)
"""Google answers only what is named here, and charges by it."""

_OK: Final = 200

_STATUSES: Final = {
    "RESOURCE_EXHAUSTED": "OVER_QUERY_LIMIT",
    "PERMISSION_DENIED": "REQUEST_DENIED",
    "UNAUTHENTICATED": "REQUEST_DENIED",
}
"""Google's new words for a refusal in its old ones; any other is INVALID_REQUEST."""


def check(options: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the options of a provider with a key."""
    problems = check_options(options, {**NETWORK_OPTIONS, **KEY_OPTIONS})
    if "key_env" in options and "key_file" in options:
        problems.append("key_env: key_file is given too; keep one of them")
    return problems


def open_places(options: Mapping[str, Any], surroundings: Surroundings) -> IPlaces:
    """Open the provider; a `ConfigError` says where its key is missing."""
    if problems := check(options):
        raise ConfigError([f"places.google.{problem}" for problem in problems])
    key = read_key("google", options, surroundings.environ, KEY_ENV)
    client = JsonClient(surroundings, options.get("base_url", BASE_URL), key)
    return NetworkPlaces(_Google(client, key).ask, client.close, options, surroundings)


class _Google:
    def __init__(self, client: JsonClient, key: Key) -> None:
        self._client = client
        self._key = key

    async def ask(self, question: Question) -> Answer:
        """Send one request and adapt its answer."""
        reply = await self._client.request(
            "POST",
            "/v1/places:searchNearby",
            headers={"X-Goog-Api-Key": [self._key.reveal()], "X-Goog-FieldMask": [_FIELDS]},
            json={
                "locationRestriction": {
                    "circle": {
                        "center": {
                            "latitude": question.position.latitude,
                            "longitude": question.position.longitude,
                        },
                        "radius": meters(question.radius_km),
                    }
                },
                "maxResultCount": min(question.bound, MAX_RESULTS),
                "rankPreference": "DISTANCE",
            },
        )
        try:
            answer = adapt(reply, question)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ProviderError(
                "the places provider's answer has not the shape that Google documents"
            ) from None
        return self._key.scrub_all(answer)


def meters(radius_km: float) -> float:
    """Return a radius as Google takes it: meters, at least one."""
    return max(1.0, radius_km * 1000)


def adapt(reply: Reply, question: Question) -> Answer:
    """Make the legacy shape of a new answer; an exception says that it has not the new shape."""
    if reply.code != _OK:
        return _refusal(reply)
    results, attributions = [], []
    for each in reply.value.get("places", []):
        location = each["location"]  # a proto3 number of 0 is left out
        results.append(
            place(
                each.get("displayName", {}).get("text", ""),
                float(location.get("latitude", 0.0)),
                float(location.get("longitude", 0.0)),
                str(each["id"]),
                [str(kind) for kind in each.get("types", [])],
                str(each.get("shortFormattedAddress", "")),
            )
        )
        attributions += [_credit(credit) for credit in each.get("attributions", [])]
    return found(nearest_first(results, question.position), dict.fromkeys(attributions))


def _credit(credit: Mapping[str, str]) -> str:
    name, address = html.escape(credit.get("provider", "")), html.escape(credit.get("providerUri", ""))
    return f'<a href="{address}">{name}</a>' if address else name


def _refusal(reply: Reply) -> Answer:
    error = reply.value.get("error", {}) if isinstance(reply.value, dict) else {}
    status = _STATUSES.get(error.get("status", ""), "INVALID_REQUEST")
    reasons = {detail.get("reason", "") for detail in error.get("details", []) if isinstance(detail, dict)}
    if reply.code in {401, 403} or "API_KEY_INVALID" in reasons:
        status = "REQUEST_DENIED"
    message = one_line(error.get("message", "")) or "no reason was given; is base_url right?"
    return refused(status, f"the places provider refused (HTTP {reply.code}): {message}")


def one_line(text: Any) -> str:
    """Return a provider's own words as one line of bounded length."""
    return " ".join(str(text).split())[:300]
