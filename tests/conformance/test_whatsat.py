"""WHATSAT: what a question must look like, and the whole answer, byte for byte around its JSON.

One test for each row of the protocol's list of WHATSAT. What is near UCLA in the wheel's own places is a town
or two in each direction, so that 10 km find something and 1 km less.
"""

from __future__ import annotations

import json
from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted

if TYPE_CHECKING:
    from tests.conformance.herds import Herd

POSITION = b"+34.068930-118.445127"
WHERE = (34.06893, -118.445127)
POSIX_S = b"1479413884.392014450"
MIDDLE_OF_THE_PACIFIC = b"-48.876667-123.393333"

SLACK = 1.005
"""A provider may measure on the ellipsoid, this on the sphere: they differ by half a percent at most."""

RADII = [b"0", b"1", b"10", b"50", b"50.0", b"50.000000000000000000000", b"0.5", b"007", b"00.10", b"49.999"]
NO_RADII = [
    b"-1",
    b"+5",
    b"51",
    b"50.000000000000000000000000000000000001",
    b"1e1",
    b"5.",
    b".5",
    b"nan",
    b"inf",
    b"0x5",
    b"1_0",
    b"10km",
    b"far",
    "\N{ARABIC-INDIC DIGIT FIVE}".encode(),
]
BOUNDS = [b"0", b"1", b"5", b"20", b"05", b"000000000000000000000000000000000000020"]
NO_BOUNDS = [
    b"-1",
    b"+5",
    b"21",
    b"5.0",
    b"1e1",
    b"nan",
    b"0x5",
    b"1_0",
    b"many",
    b"9" * 400,
    "\N{ARABIC-INDIC DIGIT FIVE}".encode(),
]


def distance_km(result: dict[str, Any]) -> float:
    at = result["geometry"]["location"]
    here, there = (radians(WHERE[0]), radians(WHERE[1])), (radians(at["lat"]), radians(at["lng"]))
    half = (
        sin((there[0] - here[0]) / 2) ** 2 + cos(here[0]) * cos(there[0]) * sin((there[1] - here[1]) / 2) ** 2
    )
    return 2 * 6371.0088 * asin(sqrt(half))


async def ask(herd: Herd, name: bytes, radius: bytes, bound: bytes, server: str = "Alford") -> dict[str, Any]:
    """Return the JSON of an answer, whose bytes around it are checked."""
    line = await herd.held(server, name)
    answer = await herd.say(server, b"WHATSAT %b %b %b\n" % (name, radius, bound))
    first, _, rest = answer.partition(b"\n")
    assert first == line
    assert rest.endswith(b"\n\n")
    text = rest[:-2]
    assert text == text.strip(b"\n")
    assert b"\n\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


@pytest_twisted.ensureDeferred
async def test_whatsat__the_example_of_the_specification(herd: Herd) -> None:
    line = await herd.report("Alford", b"kiwi.cs.ucla.edu", POSITION, POSIX_S)
    answer = await herd.say("Alford", b"WHATSAT kiwi.cs.ucla.edu 10 5\n")
    assert answer.startswith(line + b"\n{\n")
    assert answer.endswith(b"\n}\n\n")
    assert len(json.loads(answer[len(line) :])["results"]) == 5


@pytest_twisted.ensureDeferred
async def test_whatsat__radius_is_a_plain_decimal_from_0_to_50(herd: Herd, name: bytes) -> None:
    await herd.report("Alford", name, POSITION, POSIX_S)
    for radius in RADII:
        results = (await ask(herd, name, radius, b"20"))["results"]
        assert all(distance_km(result) <= SLACK * float(radius) for result in results)


@pytest_twisted.ensureDeferred
async def test_whatsat__bound_is_a_whole_number_from_0_to_20(herd: Herd, name: bytes) -> None:
    await herd.report("Alford", name, POSITION, POSIX_S)
    for bound in BOUNDS:
        # There are many more than twenty towns around UCLA.
        assert len((await ask(herd, name, b"50", bound))["results"]) == int(bound)


@pytest_twisted.ensureDeferred
async def test_whatsat__nothing_else_is_a_radius_or_a_bound(herd: Herd, name: bytes) -> None:
    await herd.report("Alford", name, POSITION, POSIX_S)
    commands = [b"WHATSAT %b %b 5" % (name, radius) for radius in NO_RADII]
    commands += [b"WHATSAT %b 10 %b" % (name, bound) for bound in NO_BOUNDS]
    for command in commands:
        assert await herd.say("Alford", command + b"\n") == b"? " + command + b"\n"


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest_twisted.ensureDeferred
async def test_whatsat__a_client_that_the_server_does_not_know(
    herd: Herd, name: bytes, ending: bytes
) -> None:
    command = b"WHATSAT %b 10 5" % name + ending
    for server in herd.config.names:
        assert await herd.say(server, command) == b"? " + command


@pytest_twisted.ensureDeferred
async def test_whatsat__an_empty_answer_is_one_too(herd: Herd, name: bytes) -> None:
    await herd.report("Alford", name, MIDDLE_OF_THE_PACIFIC, POSIX_S)
    found = await ask(herd, name, b"50", b"20")
    assert (found["results"], found["status"]) == ([], "ZERO_RESULTS")


@pytest.mark.parametrize(("ending", "ends_with"), [(b"\n", b"\n"), (b"\r\n", b"\r\n"), (b"", b"\n")])
@pytest_twisted.ensureDeferred
async def test_whatsat__at_line_then_json_then_two_newlines(
    herd: Herd, name: bytes, ending: bytes, ends_with: bytes
) -> None:
    line = await herd.report("Alford", name, POSITION, POSIX_S)
    answer = await herd.say("Alford", b"WHATSAT %b 10 5" % name + ending)
    assert answer.startswith(line + ends_with)
    assert answer.endswith(ends_with * 2)
    text = answer[len(line + ends_with) : -2 * len(ends_with)]
    assert text.startswith(b"{")
    assert text.endswith(b"}")
    assert b"\n\n" not in text
    assert len(json.loads(text)["results"]) == 5


@pytest_twisted.ensureDeferred
async def test_whatsat__json_has_the_shape_of_googles_nearby_search(herd: Herd, name: bytes) -> None:
    await herd.report("Alford", name, POSITION, POSIX_S)
    found = await ask(herd, name, b"10", b"20")
    assert isinstance(found["html_attributions"], list)
    assert found["status"] == "OK"
    assert found["results"]
    for result in found["results"]:
        assert isinstance(result["name"], str)
        assert isinstance(result["place_id"], str)
        assert isinstance(result["geometry"]["location"]["lat"], float)
        assert isinstance(result["geometry"]["location"]["lng"], float)
        assert all(isinstance(kind, str) for kind in result["types"])
        assert isinstance(result["vicinity"], str)


@pytest_twisted.ensureDeferred
async def test_whatsat__results_are_nearest_first_and_cut_to_the_bound(herd: Herd, name: bytes) -> None:
    await herd.report("Alford", name, POSITION, POSIX_S)
    most = (await ask(herd, name, b"20", b"20"))["results"]
    distances = [distance_km(result) for result in most]
    assert len(most) == 20
    assert distances == sorted(distances)
    assert (await ask(herd, name, b"20", b"3"))["results"] == most[:3]


@pytest_twisted.ensureDeferred
async def test_whatsat__radius_is_kilometers(herd: Herd, name: bytes) -> None:
    await herd.report("Alford", name, POSITION, POSIX_S)
    farthest = {
        radius: distance_km((await ask(herd, name, b"%d" % radius, b"20"))["results"][-1])
        for radius in (3, 10)
    }
    assert 1 < farthest[3] <= 3 * SLACK
    assert 3 < farthest[10] <= 10 * SLACK


@pytest_twisted.ensureDeferred
async def test_whatsat__any_server_answers_alike(herd: Herd, name: bytes) -> None:
    line = await herd.report("Hamilton", name, POSITION, POSIX_S)
    await herd.until_held(line, name)
    answers = [await herd.say(server, b"WHATSAT %b 10 5\n" % name) for server in herd.config.names]
    assert answers[0].startswith(line + b"\n{")
    assert answers == [answers[0]] * 5


@pytest_twisted.ensureDeferred
async def test_whatsat__places_are_those_of_the_newest_position(herd: Herd, name: bytes) -> None:
    await herd.report("Alford", name, MIDDLE_OF_THE_PACIFIC, POSIX_S)
    newest = await herd.report("Alford", name, POSITION, POSIX_S + b"1")
    await herd.until_held(newest, name, "Ball")
    assert (await ask(herd, name, b"10", b"5", "Ball"))["results"]
