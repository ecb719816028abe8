"""The embedded gazetteer: at once with an index, from a thread without; never the reactor held up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock

from herd.core.errors import ConfigError, HerdError
from herd.core.position import Position
from herd.places import embedded
from herd.places.embedded import _PlacesToBe, check, open_places
from herd.places.failures import ProviderError
from tests.places.standins import ask

if TYPE_CHECKING:
    from twisted.logger import LogEvent

    from herd.places.interfaces import Surroundings


def test_it_has_no_options() -> None:
    assert check({}) == []
    assert check({"key": "x"}) == ["key: there is no such option"]


def test_with_an_index_it_answers_at_once_and_starts_no_thread(
    surroundings: Surroundings, gazetteer_environ: dict[str, str]
) -> None:
    # A clock has neither threads nor callFromThread.
    places = open_places({}, evolve(surroundings, reactor=Clock(), environ=gazetteer_environ))
    answers: list[Any] = []
    places.near(ask()).addCallback(answers.append)
    places.close()
    (answer,) = answers
    assert answer["status"] == "OK"
    assert [each["name"] for each in answer["results"]] == [
        "Bel Air",
        "Westwood",
        "Century City",
        "Brentwood",
        "Sawtelle",
    ]
    assert answer["results"][1] == {
        "geometry": {"location": {"lat": 34.05612, "lng": -118.43063}},
        "name": "Westwood",
        "place_id": "geonames:5408522",
        "types": ["locality", "political"],
        "vicinity": "California, United States",
    }
    (credit,) = answer["html_attributions"]
    assert '<a href="https://www.geonames.org/">GeoNames</a>' in credit
    assert "CC BY 4.0" in credit


def test_where_nothing_is_the_answer_is_empty(
    surroundings: Surroundings, gazetteer_environ: dict[str, str]
) -> None:
    places = open_places({}, evolve(surroundings, environ=gazetteer_environ))
    answers: list[Any] = []
    places.near(ask(position=Position(0, -30))).addCallback(answers.append)
    places.close()
    assert [(answer["status"], answer["results"]) for answer in answers] == [("ZERO_RESULTS", [])]


@pytest_twisted.ensureDeferred
async def test_without_an_index_questions_wait_for_the_thread_that_builds_it(
    surroundings: Surroundings, small_table: Path
) -> None:
    places = _PlacesToBe(surroundings, small_table)
    waiting = [places.near(ask()) for _ in range(3)]
    withdrawn = places.near(ask())
    withdrawn.cancel()
    assert len(places._waiting) == 3
    assert not any(each.called for each in waiting)
    for each in waiting:
        assert [result["name"] for result in (await each)["results"]] == ["Westwood"]
    with pytest.raises(CancelledError):
        await withdrawn
    late = places.near(ask(radius_km=50))
    assert late.called
    assert len((await late)["results"]) == 2
    await places.close()


@pytest_twisted.ensureDeferred
async def test_closing_ends_the_building_and_answers_who_waits(
    surroundings: Surroundings, small_table: Path
) -> None:
    places = _PlacesToBe(surroundings, small_table)
    places._stop.set()
    waiting = places.near(ask())
    await places.close()
    with pytest.raises(ProviderError, match="not built: told to stop"):
        await waiting


@pytest_twisted.ensureDeferred
async def test_an_index_that_cannot_be_built_is_told_to_every_question_and_once_to_the_log(
    surroundings: Surroundings, small_table: Path, logged: list[LogEvent]
) -> None:
    blocked = Path(surroundings.environ["TMPDIR"]) / f"herd-{os.getuid()}"
    blocked.touch()
    nowhere = evolve(surroundings, environ={"TMPDIR": surroundings.environ["TMPDIR"]})
    places = _PlacesToBe(nowhere, small_table)
    for _ in range(2):
        with pytest.raises(ProviderError, match="there is nowhere to build the index of places"):
            await places.near(ask())
    await places.close()
    assert [event["reason"] for event in logged if event["log_level"].name == "critical"] == [places._trouble]


def test_a_reactor_without_threads_builds_it_before_it_goes_on(
    surroundings: Surroundings, small_table: Path
) -> None:
    places = _PlacesToBe(evolve(surroundings, reactor=Clock()), small_table)
    answers: list[Any] = []
    places.near(ask()).addCallback(answers.append)
    places.close()
    assert [answer["status"] for answer in answers] == ["OK"]


@pytest_twisted.ensureDeferred
async def test_a_fallback_to_the_temporary_directory_is_logged(
    surroundings: Surroundings, small_table: Path, logged: list[LogEvent]
) -> None:
    environ = {"TMPDIR": surroundings.environ["TMPDIR"]}
    places = _PlacesToBe(evolve(surroundings, environ=environ), small_table)
    await places.near(ask())
    await places.close()
    (warning,) = [event["warning"] for event in logged if event["log_level"].name == "warn"]
    assert warning.startswith("the cache directory cannot be written (there is no cache directory")


def test_a_python_without_rtree_is_a_configuration_error(
    surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(*_: object) -> None:
        raise HerdError("this Python's SQLite lacks the R*Tree module")

    monkeypatch.setattr(embedded, "find_index", lacks)
    with pytest.raises(ConfigError, match=r"^places\.embedded: this Python's SQLite lacks the R\*Tree"):
        open_places({}, surroundings)
