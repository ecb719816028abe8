"""A places provider to be hosted: an HTTP server that speaks like Google's Places API (New).

It is an ordinary `twisted.web` site. Around any point it knows some places, made from the coordinates alone,
so that the same question has the same answer, and anybody can tell which. It can be told to fail: by an HTTP
error, by nonsense, by silence; or to take its time.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from attrs import frozen
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

if TYPE_CHECKING:
    from twisted.web.server import Request

    from herd.sim.engine.simulation import Simulation

PORT: Final = 8080
Mood: TypeAlias = Literal["well", "slow", "failing", "talking nonsense", "silent"]
_DISTANCES_KM: Final = (0.0, 0.4, 1.9, 4.6, 9.3, 16.8, 28.5, 43.7)
"""How far the places are from whoever asks: some within any radius, and not all within most."""
_KM_PER_DEGREE: Final = 111.2
_SLOW_S: Final = 1.5
"""Within one attempt's time, and long enough for others to ask meanwhile."""
_UNAVAILABLE: Final = 503


class PlacesServer(Resource):
    """Answers `POST /v1/places:searchNearby`; `mood` says how."""

    isLeaf = True  # noqa: N815 - Twisted looks for it

    def __init__(self) -> None:
        super().__init__()
        self.clock: Any = None
        """The reactor of the program that serves it."""
        self.mood: Mood = "well"
        self.asked = 0

    def render_POST(self, request: Request) -> Any:  # noqa: N802 - and for it
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
        assert request.content is not None
        question = json.loads(request.content.read())
        answer = json.dumps({"places": _around(question)}).encode()
        if self.mood != "slow":
            return answer
        timer = self.clock.callLater(_SLOW_S, _finish, request, answer)
        request.notifyFinish().addErrback(lambda _: timer.active() and timer.cancel())
        return NOT_DONE_YET


def latitudes_around(latitude: float, radius_km: float) -> list[float]:
    """Return where there are places around a point, nearest first: on its meridian, towards the equator."""
    step = -1.0 if latitude > 0 else 1.0
    return [latitude + step * each / _KM_PER_DEGREE for each in _DISTANCES_KM if each <= radius_km]


def _finish(request: Any, answer: bytes) -> None:
    request.write(answer)
    request.finish()


def _around(question: dict[str, Any]) -> list[dict[str, Any]]:
    circle = question["locationRestriction"]["circle"]
    center = circle["center"]
    latitudes = latitudes_around(center["latitude"], circle["radius"] / 1000)
    return [
        {
            "id": f"place-{number}",
            "displayName": {"text": f"Place {number}"},
            "location": {
                "latitude": latitude,
                "longitude": center["longitude"],
            },
            "types": ["point_of_interest"],
            "shortFormattedAddress": f"{number} Main Street",
        }
        for number, latitude in enumerate(latitudes[: question["maxResultCount"]])
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
    resource.clock = reactor
    site = Site(resource, reactor=reactor)
    site.noisy = False
    reactor.listenTCP(PORT, site)
