"""The players themselves: what they see, and that they do not take a difference for nothing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
import pytest_twisted

from tests.sim.conformance import players
from tests.sim.conformance.ground import Ground, in_short
from tests.sim.conformance.players import PLAYERS, difference, real, simulated

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

each_player = pytest.mark.parametrize("player", PLAYERS, ids=lambda player: player.__name__)


async def quiet(ground: Ground) -> None:
    ground.note("who", "text", 1, b"bytes")
    ground.heard("who", b"one")
    ground.heard("who", b"two")
    ground.note("other", "text")
    ground.heard("who", b"three")


def program(ground: Ground) -> None:
    ground.reactor.callWhenRunning(ground.reactor.stop)
    ground.run()
    ground.note("who", "ran")


async def stuck(ground: Ground) -> None:
    ground.note("who", "waits")
    await ground.until(lambda: False)


async def wrong(ground: Ground) -> None:
    ground.note("who", "is wrong")
    raise ZeroDivisionError


async def fickle(ground: Ground) -> None:
    ground.note("who", random.random())


@each_player
@pytest_twisted.ensureDeferred
async def test_bytes_of_one_name_are_joined_whatever_others_note(player: Any) -> None:
    assert await player(quiet) == {"who": ["text 1 b'bytes'", b"onetwothree"], "other": ["text"]}


@each_player
@pytest_twisted.ensureDeferred
async def test_a_program_runs_its_own_reactor(player: Any) -> None:
    assert await player(program) == {"who": ["ran"]}


@each_player
@pytest_twisted.ensureDeferred
async def test_a_case_that_is_stuck_tells_how_far_it_came(
    player: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(players, "PATIENCE_S", 0.01)
    assert await player(stuck) == {"who": ["waits"], "player": ["gave up"]}


@each_player
@pytest_twisted.ensureDeferred
async def test_an_error_in_a_case_is_raised(player: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        await player(wrong)


@pytest_twisted.ensureDeferred
async def test_a_difference_between_seeds_is_told() -> None:
    with pytest.raises(pytest.fail.Exception, match="seed 1 differs from seed 0"):
        await simulated(fickle)


@pytest_twisted.ensureDeferred
async def test_a_logged_failure_is_an_event(flush_logged_errors: Callable[..., list[Any]]) -> None:
    async def case(ground: Ground) -> None:
        def stumble() -> None:
            raise ZeroDivisionError

        ground.reactor.callLater(0, stumble)
        await ground.until_noted("log", 1)

    for player in (real, simulated):
        assert await player(case) == {"log": ["ZeroDivisionError"]}
    assert flush_logged_errors(ZeroDivisionError)


def test_a_difference_is_told_name_by_name() -> None:
    told = difference({"a": ["x"], "b": ["y"]}, {"a": ["x"], "b": ["z"], "c": [b"w"]})
    assert told == "b\n  seen     ['y']\n  expected ['z']\nc\n  seen     []\n  expected [b'w']"


def test_a_long_stream_is_told_in_short() -> None:
    assert in_short(b"x" * 100) == b"x" * 100
    assert in_short(b"x" * 101) == "101 bytes, checksum f185866f"
