"""WHATSAT where the places provider is no help: the AT line comes all the same, then JSON that says why.

The provider is Google's old one at a server of the test's own, which refuses, hangs, breaks off or is gone.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from attrs import evolve

from herd.config.model import Config, Places
from tests.conformance.herds import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.conformance.herds import Herd
    from tests.conformance.places import PlacesServers

    StartHerd = Callable[[Config], Coroutine[Any, Any, Herd]]

KEY = "AIzaSy-a-key-that-nobody-may-see"
LIMIT_S = 1.0
"""Three tries fit, and nobody waits long."""


def refusal(status: str) -> bytes:
    body = json.dumps({"status": status, "error_message": f"not with {KEY}", "results": []}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)


def config_of(base_url: str) -> Config:
    """Return a herd of one server whose places are at this URL."""
    places = Places(provider="google-legacy", options={"base_url": base_url})
    return evolve(alone(places_timeout_s=LIMIT_S), places=places)


async def answer_without_places(herd: Herd, name: bytes) -> dict[str, Any]:
    line = await herd.report("Alford", name, b"+34.068930-118.445127", b"1479413884.392014450")
    started = time.monotonic()
    answer = await herd.say("Alford", b"WHATSAT %b 10 5\n" % name)
    assert time.monotonic() - started < 5 * LIMIT_S
    assert answer.startswith(line + b"\n{")
    assert answer.endswith(b"}\n\n")
    assert KEY.encode() not in answer
    assert b"Traceback" not in answer
    found: dict[str, Any] = json.loads(answer[len(line) :])
    assert found["results"] == []
    assert found["html_attributions"] == []
    assert found["error_message"]
    return found


@pytest.mark.parametrize("status", ["REQUEST_DENIED", "OVER_QUERY_LIMIT"])
@pytest_twisted.ensureDeferred
async def test_whatsat__provider_refuses(
    herd_of: StartHerd, places: PlacesServers, name: bytes, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setenv("HERD_GOOGLE_KEY", KEY)
    herd = await herd_of(config_of(places.serve(refusal(status))))
    assert (await answer_without_places(herd, name))["status"] == status


@pytest.mark.parametrize("reply", [None, b"no HTTP at all\r\n\r\n"], ids=["hangs", "garbage"])
@pytest_twisted.ensureDeferred
async def test_whatsat__provider_is_slow_or_fails(
    herd_of: StartHerd,
    places: PlacesServers,
    name: bytes,
    monkeypatch: pytest.MonkeyPatch,
    reply: bytes | None,
) -> None:
    monkeypatch.setenv("HERD_GOOGLE_KEY", KEY)
    herd = await herd_of(config_of(places.serve(reply)))
    assert (await answer_without_places(herd, name))["status"] == "UNKNOWN_ERROR"


@pytest_twisted.ensureDeferred
async def test_line__answers_keep_their_order_while_places_are_waited_for(
    herd_of: StartHerd, places: PlacesServers, name: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERD_GOOGLE_KEY", KEY)
    herd = await herd_of(config_of(places.serve(None)))
    line = await herd.report("Alford", name, b"+34.068930-118.445127", b"1479413884.392014450")
    again = b"IAMAT %b\n" % line.split(b" ", 3)[3]
    answer = await herd.say("Alford", b"WHATSAT %b 10 5\nfoo\n%bbar" % (name, again))
    assert answer.startswith(line + b"\n{")
    assert answer.endswith(b"}\n\n? foo\n" + line + b"\n? bar\n")


@pytest_twisted.ensureDeferred
async def test_whatsat__provider_is_gone(
    herd_of: StartHerd, places: PlacesServers, name: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERD_GOOGLE_KEY", KEY)
    herd = await herd_of(config_of(places.nobody()))
    assert (await answer_without_places(herd, name))["status"] == "UNKNOWN_ERROR"
