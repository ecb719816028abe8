"""Limits of a connection: whoever is over one gets one clear line and is closed, and all others go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted

from tests.conformance.herds import PATIENCE_S, alone

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from herd.config.model import Config
    from tests.conformance.herds import Herd

    StartHerd = Callable[[Config], Coroutine[Any, Any, Herd]]


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        ("connections", b"? too many connections\n"),
        ("connections_per_address", b"? too many connections from this address\n"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_limit__one_connection_too_many(herd_of: StartHerd, limit: str, line: bytes) -> None:
    herd = await herd_of(alone(**{limit: 2}))
    first, second = [await herd.connect("Alford") for _ in range(2)]
    assert await (await herd.connect("Alford")).rest() == line
    for client in (first, second):
        client.send(b"foo\n")
        assert await client.line() == b"? foo\n"
    await first.close()
    await second.close()
    deadline_s = time.monotonic() + PATIENCE_S
    while (answer := await herd.say("Alford", b"bar\n")) != b"? bar\n":
        assert answer == line
        assert time.monotonic() < deadline_s, "the server does not notice that there is room again"


@pytest_twisted.ensureDeferred
async def test_limit__a_connection_that_says_nothing(herd_of: StartHerd) -> None:
    herd = await herd_of(alone(idle_s=0.3))
    silent = await herd.connect("Alford")
    assert await silent.rest() == b"? idle for 0.3 s\n"
    assert await herd.say("Alford", b"foo\n") == b"? foo\n"


@pytest_twisted.ensureDeferred
async def test_limit__a_fast_connection_is_slowed_and_loses_nothing(herd_of: StartHerd) -> None:
    herd = await herd_of(alone(commands_per_s=500.0))
    lines = b"".join(b"line %d\r\n" % number for number in range(800))
    assert await herd.say("Alford", lines) == b"".join(
        b"? " + line for line in lines.splitlines(keepends=True)
    )
