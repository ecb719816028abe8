"""The control socket: questions and answers as lines of JSON, for those who may open the file."""

from __future__ import annotations

import json
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import maybeDeferred

import herd
from herd.core.errors import HerdError
from herd.core.native import CORE
from herd.server.control import ControlFactory, listen_control
from herd.server.listening import StartError
from herd.testing import connect_unix

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.server.conftest import RunningHerd

reactor: Any = global_reactor


def echo(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"said": request.get("say")}


def refuse(_request: Mapping[str, Any]) -> dict[str, Any]:
    raise HerdError("there is no such neighbor")


FACTORY = ControlFactory({"refuse": refuse, "echo": echo})


async def ask(path: Path, *requests: bytes) -> list[dict[str, Any]]:
    client = await connect_unix(reactor, path)
    client.send(b"".join(request + b"\n" for request in requests))
    answers = [json.loads(await client.line()) for _ in requests]
    await client.close()
    return answers


@ensureDeferred
async def test_the_status_of_a_running_server(running_herd: RunningHerd) -> None:
    herd_ = await running_herd("Alford-Ball")
    server = herd_["Alford"]
    await server.say(b"IAMAT kiwi +1-1 1\n")
    (answer,) = await ask(server.config.control_socket("Alford"), b'{"command": "status"}')
    status = answer["status"]
    (neighbor,) = status.pop("neighbors")
    assert 0 <= status.pop("uptime_s") < 60
    assert 0 <= neighbor.pop("for_s") < 60
    assert answer == {"ok": True, "status": status}
    assert status == {
        "name": "Alford",
        "herd": "testers",
        "version": herd.__version__,
        "core": CORE,
        "pid": os.getpid(),
        "clients": str(server.config.server("Alford").clients.listen),
        "links": str(server.config.server("Alford").links.listen),
        "log": str(server.config.log_file("Alford")),
        "records": 1,
        "refused_records": 0,
        "connections": 0,
        "provider": "embedded",
        "durability": "memory",
        "answers_waiting": 0,
        "journal": None,
    }
    assert neighbor["name"] == "Ball"
    assert neighbor["state"] == "up"
    assert neighbor["error"] is None


@ensureDeferred
async def test_answers_come_in_the_order_of_requests_and_errors_are_answers(tmp_path: Path) -> None:
    path = tmp_path / "Alford.sock"
    port = listen_control(reactor, path, FACTORY)
    no_object = {"ok": False, "error": "a request is one JSON object on a line"}
    no_command = {"ok": False, "error": "no such command; there are: echo, refuse"}
    assert await ask(
        path,
        b'{"command": "echo", "say": 1}',
        b"",
        b"{",
        b"[1]",
        b"\xff",
        b"[" * 60_000,
        b'{"command": "shout"}',
        b'{"command": ["echo"]}',
        b"{}",
        b'{"command": "refuse"}',
        b'{"command": "echo", "say": 2}',
    ) == [
        {"ok": True, "said": 1},
        no_object,
        no_object,
        no_object,
        no_object,
        no_object,
        no_command,
        no_command,
        no_command,
        {"ok": False, "error": "there is no such neighbor"},
        {"ok": True, "said": 2},
    ]
    await maybeDeferred(port.stopListening)


@ensureDeferred
async def test_a_request_without_an_end_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "Alford.sock"
    port = listen_control(reactor, path, FACTORY)
    client = await connect_unix(reactor, path)
    client.send(b"x" * 70_000)
    await client.lost()
    assert client.received == b""
    await maybeDeferred(port.stopListening)


@ensureDeferred
async def test_nobody_but_the_owner_may_connect(tmp_path: Path) -> None:
    path = tmp_path / "state" / "deeper" / "Alford.sock"
    port = listen_control(reactor, path, FACTORY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    await maybeDeferred(port.stopListening)
    assert not path.exists()


@ensureDeferred
async def test_what_a_killed_server_left_behind_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "Alford.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
        stale.listen()
    port = listen_control(reactor, path, FACTORY)
    assert await ask(path, b'{"command": "echo", "say": 1}') == [{"ok": True, "said": 1}]
    await maybeDeferred(port.stopListening)


@ensureDeferred
async def test_a_running_servers_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "Alford.sock"
    port = listen_control(reactor, path, FACTORY)
    with pytest.raises(StartError) as caught:
        listen_control(reactor, path, FACTORY)
    assert str(caught.value) == f"another server already answers on the control socket {path}"
    assert await ask(path, b'{"command": "echo", "say": 1}') == [{"ok": True, "said": 1}]
    await maybeDeferred(port.stopListening)


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "Alford.sock"
    path.write_text("dear to someone")
    with pytest.raises(StartError) as caught:
        listen_control(reactor, path, FACTORY)
    assert str(caught.value) == f"cannot make the control socket {path}: a file is in its place"
    assert path.read_text() == "dear to someone"


def test_a_socket_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "Alford.sock"
    with pytest.raises(StartError) as caught:
        listen_control(reactor, path, FACTORY)
    assert str(caught.value) == f"cannot make the control socket {path}: File exists"
    path = tmp_path / ("x" * 120)
    with pytest.raises(StartError) as caught:
        listen_control(reactor, path, FACTORY)
    assert str(caught.value) == f"cannot make the control socket {path}: AF_UNIX path too long"
