"""WHATSAT where the places provider is no help: the AT line comes all the same, then JSON that says why.

The provider is Google's old one at a server of the test's own, which refuses, hangs, breaks off or is gone.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from attrs import evolve

from herd.config.model import Config, Places
from tests.conformance.herds import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from tests.conformance.herds import Herd

    StartHerd = Callable[[Config], Coroutine[Any, Any, Herd]]

KEY = "AIzaSy-a-key-that-nobody-may-see"
LIMIT_S = 1.0
"""Three tries fit, and nobody waits long."""


def refusal(status: str) -> bytes:
    body = json.dumps({"status": status, "error_message": f"not with {KEY}", "results": []}).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)


@contextmanager
def places_server(reply: bytes | None) -> Iterator[int]:
    """Serve HTTP on a port: every request gets these bytes and a close, or, for None, nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                held.append(connection)
                if reply is not None:
                    connection.recv(65_536)
                    connection.sendall(reply)
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()


def config_of(port: int) -> Config:
    """Return a herd of one server whose places are at this port."""
    places = Places(provider="google-legacy", options={"base_url": f"http://127.0.0.1:{port}"})
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
    herd_of: StartHerd, name: bytes, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    monkeypatch.setenv("HERD_GOOGLE_KEY", KEY)
    with places_server(refusal(status)) as port:
        herd = await herd_of(config_of(port))
        assert (await answer_without_places(herd, name))["status"] == status


@pytest.mark.parametrize("reply", [None, b"no HTTP at all\r\n\r\n"], ids=["hangs", "garbage"])
@pytest_twisted.ensureDeferred
async def test_whatsat__provider_is_slow_or_fails(
    herd_of: StartHerd, name: bytes, monkeypatch: pytest.MonkeyPatch, reply: bytes | None
) -> None:
    monkeypatch.setenv("HERD_GOOGLE_KEY", KEY)
    with places_server(reply) as port:
        herd = await herd_of(config_of(port))
        assert (await answer_without_places(herd, name))["status"] == "UNKNOWN_ERROR"


@pytest_twisted.ensureDeferred
async def test_line__answers_keep_their_order_while_places_are_waited_for(
    herd_of: StartHerd, name: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERD_GOOGLE_KEY", KEY)
    with places_server(None) as port:
        herd = await herd_of(config_of(port))
        line = await herd.report("Alford", name, b"+34.068930-118.445127", b"1479413884.392014450")
        again = b"IAMAT %b\n" % line.split(b" ", 3)[3]
        answer = await herd.say("Alford", b"WHATSAT %b 10 5\nfoo\n%bbar" % (name, again))
        assert answer.startswith(line + b"\n{")
        assert answer.endswith(b"}\n\n? foo\n" + line + b"\n? bar\n")


@pytest_twisted.ensureDeferred
async def test_whatsat__provider_is_gone(
    herd_of: StartHerd, name: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERD_GOOGLE_KEY", KEY)
    with places_server(None) as port:
        pass
    herd = await herd_of(config_of(port))
    assert (await answer_without_places(herd, name))["status"] == "UNKNOWN_ERROR"
