"""The stage of tests: a body is played in virtual time, and whatever goes wrong in it fails the test."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from tests.stage import LIMIT_S, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twisted.python.failure import Failure


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.simulation.close()


def test_a_body_waits_in_virtual_time(stage: Stage) -> None:
    async def body() -> float:
        began_s = time.monotonic()
        await deferLater(stage.reactor, 1800)
        return time.monotonic() - began_s

    began_s = time.monotonic()
    assert stage.play(body) == pytest.approx(1800)
    assert stage.now_s == pytest.approx(1800)
    assert time.monotonic() - began_s < 60


def test_bodies_are_played_one_after_the_other(stage: Stage) -> None:
    async def body() -> float:
        await deferLater(stage.reactor, 10)
        return stage.now_s

    assert [stage.play(body), stage.play(body)] == pytest.approx([10, 20], abs=0.001)


def test_what_a_body_raises_comes_out(stage: Stage) -> None:
    async def body() -> None:
        await deferLater(stage.reactor, 1)
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        stage.play(body)


def test_a_body_that_waits_forever_fails(stage: Stage) -> None:
    async def body() -> None:
        await Deferred()

    with pytest.raises(AssertionError, match="it still waits after"):
        stage.play(body)
    assert stage.now_s <= LIMIT_S


def test_a_failure_that_nobody_handles_fails_the_body(
    stage: Stage, flush_logged_errors: Callable[..., list[Failure]]
) -> None:
    async def body() -> None:
        stage.reactor.callLater(1, int, "no number")
        await deferLater(stage.reactor, 5)

    with pytest.raises(pytest.fail.Exception, match="no number"):
        stage.play(body)
    assert len(flush_logged_errors(ValueError)) == 1


def test_a_body_that_reaches_for_the_real_world_fails(stage: Stage) -> None:
    async def body() -> None:
        with pytest.raises(Exception, match="a hosted program calls"):
            socket.create_connection(("127.0.0.1", 9))

    with pytest.raises(pytest.fail.Exception, match="a hosted program calls"):
        stage.play(body)
