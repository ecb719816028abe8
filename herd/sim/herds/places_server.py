"""A places provider to be hosted: an HTTP server that speaks like Google's Places API (New).

It is an ordinary `twisted.web` site. Around any point it knows some places, made from the coordinates alone,
so that the same question has the same answer. It can be told to fail: by an HTTP error, by nonsense, by
silence.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from attrs import frozen
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

if TYPE_CHECKING:
    from twisted.web.iweb import IRequest

    from herd.sim.engine.simulation import Simulation

PORT: Final = 8080
Mood: TypeAlias = Literal["well", "failing", "talking nonsense", "silent"]
_KNOWN: Final = 8
_STEP_DEGREES: Final = 0.002
_UNAVAILABLE: Final = 503


class PlacesServer(Resource):
    """Answers `POST /v1/places:searchNearby`; `mood` says how."""

    isLeaf = True  # noqa: N815 - Twisted looks for it

    def __init__(self) -> None:
        super().__init__()
        self.mood: Mood = "well"
        self.asked = 0

    def render_POST(self, request: IRequest) -> Any:  # noqa: N802 - and for it
        """Answer one question."""
        self.asked += 1
        if self.mood == "silent":
            return NOT_DONE_YET
        request.setHeader(b"content-type", b"application/json")
        if self.mood == "failing":
            request.setResponseCode(_UNAVAILABLE)
            return b'{"error": {"status": "UNAVAILABLE", "message": "try again later"}}'
        if self.mood == "talking nonsense":
            return b"<html>this is no JSON</html>"
        question = json.loads(request.content.read())
        return json.dumps({"places": _around(question)}).encode()


def _around(question: dict[str, Any]) -> list[dict[str, Any]]:
    center = question["locationRestriction"]["circle"]["center"]
    count = min(question.get("maxResultCount", _KNOWN), _KNOWN)
    return [
        {
            "id": f"place-{number}",
            "displayName": {"text": f"Place {number}"},
            "location": {
                "latitude": center["latitude"] + number * _STEP_DEGREES,
                "longitude": center["longitude"],
            },
            "types": ["point_of_interest"],
            "shortFormattedAddress": f"{number} Main Street",
        }
        for number in range(count)
    ]


@frozen
class PlacesMood:
    """A fault: for a while the places provider is not well."""

    mood: Mood

    def begin(self, simulation: Simulation) -> None:
        """Let it be so."""
        simulation.scene.places.mood = self.mood

    def end(self, simulation: Simulation) -> None:
        """Let it be well."""
        simulation.scene.places.mood = "well"


def serve_places(reactor: Any, resource: PlacesServer) -> None:
    """Listen: a program for `Call`."""
    site = Site(resource, reactor=reactor)
    site.noisy = False
    reactor.listenTCP(PORT, site)
