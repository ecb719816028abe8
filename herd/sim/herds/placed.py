"""Whether clients were told of the right places: around the position in the AT line, within the radius.

What the hosted provider knows is a function of the point that it is asked about. So each answer is compared
with what it must be. That a server has no places at some moment is excused, as any answer may fail that
comes over a network; but not when all has been well for so long that it must have found the provider again.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.clock import NS_PER_S
from herd.sim.herds.answering import fields_of
from herd.sim.herds.places_server import latitudes_around
from herd.sim.herds.protocol import ending_of
from herd.sim.herds.violation import Violation, at_s, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.engine.simulation import Simulation
    from herd.sim.herds.history import History, Operation

PLACES_AGAIN: Final = "places are found again"
_GOOD: Final = frozenset({"OK", "ZERO_RESULTS"})
_POSITION: Final = re.compile(rb"([+-][0-9.]+)([+-][0-9.]+)")
_FOUND_AGAIN_NS: Final = 20 * NS_PER_S
"""A question that was asked in vain takes 5 s, and then the provider is left alone for 10 s."""


def wrong_places(history: History) -> Iterator[Violation]:
    """Yield the answers with other places than the provider knows there."""
    for operation, line, places in _answered(history):
        if places["status"] in _GOOD:
            expected = _expected(operation, line)
            told = [_location(each) for each in places["results"]]
            if told != expected:
                text = (
                    f"{operation.server} answered {shown(operation.command)} at {at_s(operation.end_ns)} "
                    f"with places at {told} for {shown(line)}; those within the radius are at {expected}"
                )
                yield Violation("answers", "wrong places", text, (operation,))


def found_again(simulation: Simulation) -> list[str]:
    """Check that the provider is asked again once it is well."""
    calm_ns = simulation.calm_ns
    if calm_ns is None:
        return []
    return [
        f"{operation.server} has no places at {at_s(operation.end_ns)} for {shown(operation.command)}, "
        f"though all was well since {at_s(calm_ns)}: {places.get('error_message', places['status'])}"
        for operation, _, places in _answered(simulation.scene.history)
        if places["status"] not in _GOOD and operation.begin_ns >= calm_ns + _FOUND_AGAIN_NS
    ]


def _answered(history: History) -> Iterator[tuple[Operation, bytes, Any]]:
    """Yield each question for places that was answered in due form, its AT line, and the places."""
    for each in history.operations:
        if each.kind == "query" and each.answer is not None and each.answer.startswith(b"AT "):
            line, _, text = each.answer.partition(ending_of(each.command))
            try:
                places = json.loads(text)
            except ValueError:
                continue  # the checker tells of it
            if (
                fields_of(line) is not None
                and isinstance(places, dict)
                and {"status", "results"} <= {*places}
            ):
                yield each, line, places


def _expected(operation: Operation, line: bytes) -> list[tuple[float, float]]:
    """Return latitude and longitude of each place that is to be told."""
    fields = fields_of(line)
    assert fields is not None
    degrees = _POSITION.fullmatch(fields[2])
    assert degrees is not None
    latitude, longitude = float(degrees[1]), float(degrees[2])
    _, _, radius_km, bound = operation.command.split()
    return [(each, longitude) for each in latitudes_around(latitude, float(radius_km))[: int(bound)]]


def _location(place: Any) -> Any:
    """Return latitude and longitude of a place; what is none of that shape, as it is."""
    try:
        location = place["geometry"]["location"]
        return location["lat"], location["lng"]
    except (LookupError, TypeError):
        return place
