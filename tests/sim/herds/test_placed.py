"""Places that are around another point, too far, too few or none; and a provider that is told what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from herd.sim.explore.run import Run
from herd.sim.herds.placed import PLACES_AGAIN, found_again, wrong_places
from herd.sim.herds.places_server import PlacesMood, latitudes_around
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Tell, Work
from herd.sim.scenario import Step
from tests.sim.herds.stories import Story, record

HERE = latitudes_around(34.0, 10.0)


def answer(latitudes: list[float], longitude: float = -118.5, status: str = "OK") -> bytes:
    results = [{"geometry": {"location": {"lat": each, "lng": longitude}}} for each in latitudes]
    return json.dumps({"html_attributions": [], "results": results, "status": status}).encode()


def wrong(text: bytes, radius: str = "10", bound: int = 20) -> list[str]:
    story = Story()
    line = record("10", 1.5, position="+34.0-118.5")
    command = f"WHATSAT kiwi {radius} {bound}\r\n".encode()
    story.say(story.session(), command, 1, 2, line + b"\r\n" + text + b"\r\n\r\n")
    return [each.name for each in wrong_places(story.history)]


def test_what_is_around_a_point_depends_on_the_radius() -> None:
    assert latitudes_around(34.0, 0.0) == [34.0]
    assert 34.0 == HERE[0] > HERE[-1] > 33.9
    counts = [len(latitudes_around(-90.0, radius_km)) for radius_km in (0, 1, 2, 5, 10, 20, 30, 50)]
    assert counts == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("text", "bound", "is_wrong"),
    [
        pytest.param(answer(HERE), 20, False, id="all"),
        pytest.param(answer(HERE[:2]), 2, False, id="as many as were asked for"),
        pytest.param(answer([], status="UNKNOWN_ERROR"), 20, False, id="a failure"),
        pytest.param(answer([]), 0, False, id="none were asked for"),
        pytest.param(answer(HERE[:-1]), 20, True, id="too few"),
        pytest.param(answer(HERE[:3]), 2, True, id="too many"),
        pytest.param(answer([], status="ZERO_RESULTS"), 20, True, id="none"),
        pytest.param(answer(HERE[::-1]), 20, True, id="farthest first"),
        pytest.param(answer(latitudes_around(34.0, 50.0)), 20, True, id="too far"),
        pytest.param(answer(latitudes_around(34.5, 10.0)), 20, True, id="around another latitude"),
        pytest.param(answer(HERE, -118.0), 20, True, id="around another longitude"),
        pytest.param(b'{"results": [1], "status": "OK"}', 1, True, id="no places"),
    ],
)
def test_places_are_those_within_the_radius_around_the_position(
    text: bytes, bound: int, is_wrong: bool
) -> None:
    assert wrong(text, bound=bound) == (["wrong places"] if is_wrong else [])


def run_with(mood: Any) -> Any:
    """Ask before the provider changes its mood, within that time, and long after it."""
    ask = Tell("kiwi's host", "Ball", "WHATSAT kiwi 10 5")
    run = Run(
        HerdScenario(
            about="A provider that is moody.",
            work=Work(clients=1, report_every_s=1_000.0),
            more_steps=lambda _: [
                Step(2.5, Tell("kiwi's host", "Ball", "IAMAT kiwi +34.0-118.5 1767225602.5")),
                Step(3.0, ask),
                Step(4.0, PlacesMood(mood), 6.0),
                *(Step(4.5 + number, ask) for number in range(3)),
            ],
            duration_s=10.0,
            more_checks={PLACES_AGAIN: found_again},
        ).scenario(),
        0,
    )
    assert run.run().violations == ()
    answers = [each.answer or b"" for each in run.simulation.scene.history.operations if each.kind == "query"]
    return [json.loads(each.partition(b"\n")[2])["status"] for each in answers][:4]


@pytest.mark.parametrize(
    ("mood", "status"), [("slow", "OK"), ("failing", "UNKNOWN_ERROR"), ("silent", "UNKNOWN_ERROR")]
)
def test_a_moody_provider(mood: str, status: str) -> None:
    assert run_with(mood) == ["OK", status, status, status]


def test_a_provider_that_is_not_found_again() -> None:
    story = Story()
    line = record("10", 1.5)
    for at_s in (119, 121):
        failed = answer([], status="UNKNOWN_ERROR")
        story.say(story.session(), b"WHATSAT kiwi 10 5\n", at_s, at_s + 1, line + b"\n" + failed + b"\n\n")

    class Simulation:
        calm_ns: int | None = 100 * 10**9
        scene = story

    simulation: Any = Simulation()
    (text,) = found_again(simulation)
    assert text == (
        "Alford has no places at 122.000000 s for `WHATSAT kiwi 10 5`, "
        "though all was well since 100.000000 s: UNKNOWN_ERROR"
    )
    simulation.calm_ns = None
    assert found_again(simulation) == []
