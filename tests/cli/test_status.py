"""`herd status`, asked of stand-ins that speak the control protocol on real sockets."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from herd.cli.control import ControlError, ask, remove_if_dead
from herd.cli.table import duration
from tests.cli.conftest import Herd, status_of
from tests.cli.screen import CTRL_C, Screen

Run = Callable[..., Any]
Answer = Callable[[Path, bytes | dict[str, Any]], None]


@pytest.fixture
def herd(make_herd: Callable[..., Herd]) -> Herd:
    return make_herd()


def stand_in(herd: Herd, answer_at: Answer, name: str, **told: Any) -> dict[str, Any]:
    status = status_of(herd, name, **told)
    answer_at(herd.config.control_socket(name), {"ok": True, "status": status})
    return status


def words(table: str) -> list[list[str]]:
    """Return the words of each line of a table."""
    return [line.split() for line in table.splitlines() if line.strip()]


def test_a_whole_herd_in_a_table(herd: Herd, answer_at: Answer, run_cli: Run) -> None:
    for name in herd.config.names:
        stand_in(herd, answer_at, name)
    result = run_cli("status", "--config", herd.file, "--exit-code")
    assert result.exit_code == 0
    heading, _, *rows = words(result.stdout)
    assert heading == ["server", "pid", "clients", "port", "records", "connections", "links"]
    assert rows == [
        ["Alford", "4242", herd.at("Alford"), "3", "2", "Ball", "up", "3", "s"],
        ["Ball", "4242", herd.at("Ball"), "3", "2", "Alford", "up", "3", "s"],
    ]


def test_a_server_that_is_down_is_shown_so_and_is_no_error_unless_asked(
    herd: Herd, answer_at: Answer, run_cli: Run
) -> None:
    refused = {
        "name": "Ball",
        "state": "down",
        "for_s": 3725,
        "outbox": 7,
        "error": "connection refused",
    }
    stand_in(herd, answer_at, "Alford", neighbors=[refused])
    result = run_cli("status", "--config", herd.file)
    assert result.exit_code == 0
    missing = herd.config.control_socket("Ball")
    ball = f"Ball {herd.at('Ball')} down: not running here: no {missing}"
    _, _, alford, *rest = words(result.stdout)
    assert " ".join(alford).endswith("Ball down 1 h 2 min: connection refused")
    assert [word for line in rest for word in line] == ball.split()
    assert run_cli("status", "--config", herd.file, "--exit-code").exit_code == 1


def test_a_neighbor_that_is_behind_is_shown_with_how_far(herd: Herd, answer_at: Answer, run_cli: Run) -> None:
    behind = {"state": "up", "for_s": 60, "in_sync": False, "behind_s": 1.25}
    behind |= {"name": "Ball", "outbox": 7, "sent": 20, "acknowledged": 15}
    stand_in(herd, answer_at, "Alford", neighbors=[behind])
    table = run_cli("status", "--config", herd.file).stdout
    assert "Ball up 1 min, 12 records, 1.2 s behind" in table


def test_json_holds_what_the_servers_said(herd: Herd, answer_at: Answer, run_cli: Run) -> None:
    alford = stand_in(herd, answer_at, "Alford", added_later=[1])
    result = run_cli("status", "--config", herd.file, "--json")
    missing = herd.config.control_socket("Ball")
    assert json.loads(result.stdout) == {
        "herd": "test",
        "config": str(herd.file),
        "up": False,
        "servers": [
            {**alford, "up": True},
            {
                "name": "Ball",
                "up": False,
                "error": f"not running here: no {missing}",
            },
        ],
    }


def test_one_link_that_is_down_makes_the_herd_not_up(herd: Herd, answer_at: Answer, run_cli: Run) -> None:
    stand_in(herd, answer_at, "Alford")
    stand_in(herd, answer_at, "Ball", neighbors=[{"name": "Alford", "state": "connecting"}])
    result = run_cli("status", "--config", herd.file, "--json", "--exit-code")
    assert (result.exit_code, json.loads(result.stdout)["up"]) == (1, False)


def test_watching_is_not_for_programs(herd: Herd, run_cli: Run) -> None:
    assert run_cli("status", "--config", herd.file, "--json", "--watch").exit_code == 2


def test_watching_goes_on_until_ctrl_c(herd: Herd) -> None:
    command = [sys.executable, "-m", "herd.cli", "status", "--watch", "--config", str(herd.file)]
    with Screen(command, os.environ) as screen:
        screen.until("Alford", "Ball", "down: not running here")
        screen.type(CTRL_C)
        assert screen.end() == 0
    assert "Traceback" not in screen.text
    assert "Aborted" not in screen.text


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"", "it closed its control socket without a whole answer"),
        (b'{"ok": true', "it closed its control socket without a whole answer"),
        (b"[]\n", "its answer is no JSON object"),
        (b'{"ok": false, "error": "no such command"}\n', "it refuses: no such command"),
        (b"{}\n", "it refuses: it does not say why"),
    ],
)
def test_an_answer_that_is_none(reply: bytes, why: str, state: Path, answer_at: Answer) -> None:
    answer_at(state / "x.sock", reply)
    with pytest.raises(ControlError, match=f"^{why}$"):
        ask(state / "x.sock", {"command": "status"})


def test_a_server_that_is_stuck_is_not_waited_for(state: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(state / "x.sock"))
        server.listen()
        with pytest.raises(ControlError, match=r"^no answer in 0\.05 s$"):
            ask(state / "x.sock", {"command": "status"}, timeout_s=0.05)


def test_a_socket_that_a_dead_server_left_is_known_and_removed(state: Path) -> None:
    path = state / "x.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        remove_if_dead(path)
        assert path.exists()
    with pytest.raises(ControlError, match=f"^not running: it died and left {path}$"):
        ask(path, {"command": "status"})
    remove_if_dead(path)
    assert not path.exists()
    remove_if_dead(path)


def test_a_path_that_is_too_long_for_a_socket_is_told(state: Path) -> None:
    with pytest.raises(ControlError, match=r"^cannot be asked: .*too long"):
        ask(state / ("x" * 200), {"command": "status"})


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (7500, "2 h 5 min"),
        (180_000, "2 d 2 h"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
