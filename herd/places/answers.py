"""Answers in the shape of Google's Nearby Search: made, ordered, cut and written in one place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from herd.places.geometry import distance_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from herd.core.position import Position
    from herd.places.interfaces import Answer

MAX_RESULTS: Final = 20
"""The most places that a question may ask for, and that Google gives at a time."""


def place(  # noqa: PLR0913, PLR0917  # the fields of one place
    name: str, latitude: float, longitude: float, place_id: str, types: Iterable[str] = (), vicinity: str = ""
) -> dict[str, Any]:
    """Return one result; what the provider does not know is left out."""
    result: dict[str, Any] = {
        "geometry": {"location": {"lat": latitude, "lng": longitude}},
        "name": name,
        "place_id": place_id,
    }
    if kinds := list(types):
        result["types"] = kinds
    if vicinity:
        result["vicinity"] = vicinity
    return result


def found(results: list[dict[str, Any]], attributions: Iterable[str] = ()) -> Answer:
    """Return the answer that holds these results."""
    return {
        "html_attributions": list(attributions),
        "results": results,
        "status": "OK" if results else "ZERO_RESULTS",
    }


def refused(status: str, message: str) -> Answer:
    """Return the answer without results; `message` is one line without any key."""
    return {"error_message": message, "html_attributions": [], "results": [], "status": status}


def nearest_first(results: Iterable[dict[str, Any]], center: Position) -> list[dict[str, Any]]:
    """Sort results by their distance, equally far ones by name and id, and keep 20 at most."""
    distance_km = distance_from(center)

    def rank(result: dict[str, Any]) -> tuple[float, str, str]:
        location = result["geometry"]["location"]
        return distance_km(location["lat"], location["lng"]), result["name"], result["place_id"]

    return sorted(results, key=rank)[:MAX_RESULTS]


def render(answer: Answer, bound: int) -> bytes:
    """Return the JSON text as a client gets it, cut to `bound` results.

    Laid out like Google's; no line is empty, and no newline stands at the end: JSON escapes those in strings.
    A number that JSON lacks (NaN, an infinity) is a `ValueError`; half a surrogate pair, which UTF-8 lacks,
    becomes `?`.
    """
    results: Sequence[dict[str, Any]] = answer.get("results", [])
    text = json.dumps(
        {**answer, "results": list(results[:bound])},
        allow_nan=False,
        ensure_ascii=False,
        indent=3,
        separators=(",", " : "),
    )
    return text.encode("utf-8", "replace")
