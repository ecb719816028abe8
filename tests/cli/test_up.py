"""`herd up` as a real process with real servers: what it tells, survives, and leaves behind."""

from __future__ import annotations

import json
import os
import queue
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any

import pytest

from herd.cli.processes import STOP_MARGIN_S
from tests.cli.conftest import PAIR, ROOT, environment, is_alive
from tests.cli.screen import CTRL_C, LIMIT_S, Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Herd

HERD = [sys.executable, "-P", "-m", "herd.cli"]


class Up:
    """A `herd up --json` that runs."""

    def __init__(self, herd: Herd, *options: str, cwd: Path | None = None) -> None:
        self.herd = herd
        command = [*HERD, "up", "--json", "--config", str(herd.file), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=environment()
        )
        self.seen: list[dict[str, Any]] = []
        self.pids: dict[str, int] = {}
        self._lines: queue.Queue[bytes] = queue.Queue()
        assert self.process.stdout is not None
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, stdout: IO[bytes]) -> None:
        for line in stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def until(self, event: str) -> dict[str, Any]:
        """Return the next happening of a kind."""
        while line := self._lines.get(timeout=LIMIT_S):
            happening: dict[str, Any] = json.loads(line)
            self.seen.append(happening)
            if happening["event"] in {"up", "back"}:
                self.pids[happening["server"]] = happening["pid"]
            if happening["event"] == event:
                return happening
        pytest.fail(f"no {event!r} in {self.seen}")

    def end(self) -> int:
        """Wait for the end and return the exit status."""
        while self._lines.get(timeout=LIMIT_S):
            pass
        return self.process.wait(LIMIT_S)

    def nothing_is_left(self) -> bool:
        """Tell whether neither a process nor a socket nor a pid file is left; they may take a moment."""
        deadline = time.monotonic() + LIMIT_S
        while any(is_alive(pid) for pid in self.pids.values()) and time.monotonic() < deadline:
            select.select([], [], [], 0.01)
        left = sorted(path.name for path in self.herd.config.state.iterdir())
        expected = sorted(["herd.toml", *(f"{name}.log" for name in self.pids)])
        return not any(is_alive(pid) for pid in self.pids.values()) and left == expected


@pytest.fixture
def herd(make_herd: Callable[..., Herd]) -> Herd:
    return make_herd(PAIR)


@pytest.fixture
def start(herd: Herd) -> Iterator[Callable[..., Up]]:
    """Return a function that starts `herd up`; what still runs when the test is over is killed."""
    started: list[Up] = []

    def go(*options: str, cwd: Path | None = None) -> Up:
        started.append(Up(herd, *options, cwd=cwd))
        return started[-1]

    yield go
    for up in started:
        up.process.kill()
        up.process.communicate()
        for pid in up.pids.values():
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


def test_a_herd_comes_up_survives_a_kill_and_leaves_nothing(
    start: Callable[..., Up], herd: Herd, run_cli: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "twisted.py").write_text("raise SystemExit('the wrong twisted')")
    up = start(cwd=tmp_path)
    up.until("links-up")
    assert sorted(up.pids) == ["Alford", "Ball"]
    told = json.loads(run_cli("status", "--config", herd.file, "--json", "--exit-code").stdout)
    assert told["up"]
    assert {each["name"]: each["pid"] for each in told["servers"]} == up.pids
    iamat = "IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450"
    answer = run_cli("say", "--config", herd.file, "Ball", iamat)
    assert answer.exit_code == 0
    assert answer.stdout.startswith("AT Ball +")

    was = up.pids["Ball"]
    os.kill(was, signal.SIGKILL)
    died = up.until("died")
    assert (died["server"], died["pid"], died["cause"]) == ("Ball", was, "signal 9")
    assert died["text"].startswith("Ball died (signal 9), starting it again")
    assert up.until("back")["pid"] != was
    up.until("links-up")

    up.process.send_signal(signal.SIGTERM)
    up.until("stopped")
    assert up.end() == 0
    assert [each["event"] for each in up.seen] == [
        *("starting", "up", "up", "links-up"),
        *("died", "back", "links-up", "stopping", "stopped"),
    ]
    assert up.nothing_is_left()
    assert [path.name for path in tmp_path.iterdir()] == ["twisted.py"]


def test_servers_end_when_herd_up_is_killed(start: Callable[..., Up]) -> None:
    up = start()
    up.until("links-up")
    up.process.kill()
    up.process.wait(LIMIT_S)
    assert up.nothing_is_left()


def test_a_second_signal_kills_a_server_that_is_stuck(start: Callable[..., Up]) -> None:
    up = start("--only", "Ball")
    assert up.until("links-up")["text"] == "There are no links to wait for."
    assert list(up.pids) == ["Ball"]
    os.kill(up.pids["Ball"], signal.SIGSTOP)
    up.process.send_signal(signal.SIGINT)
    up.until("stopping")
    began = time.monotonic()
    up.process.send_signal(signal.SIGINT)
    assert up.end() == 0
    assert time.monotonic() - began < up.herd.config.limits.shutdown_s + STOP_MARGIN_S
    assert up.nothing_is_left()


def test_a_port_in_use_is_one_line_and_nothing_is_started(start: Callable[..., Up], herd: Herd) -> None:
    links = herd.config.server("Ball").links.listen
    with socket.create_server((links.host, links.port)):
        up = start()
        assert up.end() == 1
    assert up.process.stderr is not None
    assert up.process.stderr.read().decode() == (
        f"herd: Ball cannot listen for links on {links}: the port is in use; "
        "perhaps a herd is already up here: see `herd status`\n"
    )
    assert up.nothing_is_left()


def test_a_server_that_cannot_start_stops_the_others(start: Callable[..., Up], herd: Herd) -> None:
    path = herd.config.control_socket("Ball")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        up = start()
        failed = up.until("failed")
        assert (failed["server"], failed["cause"]) == ("Ball", "exit status 1")
        assert failed["lines"] == [f"herd: another server already answers on the control socket {path}"]
        assert up.end() == 1
        assert path.exists()
    assert not herd.config.control_socket("Alford").exists()


def test_a_reader_that_goes_away_ends_it(herd: Herd) -> None:
    reading, writing = os.pipe()
    command = [*HERD, "up", "--config", str(herd.file), "--only", "Ball"]
    process = subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, env=environment())
    os.close(writing)
    assert os.read(reading, 8) == b"Starting"
    os.close(reading)
    _, said = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, said) == (1, b"")
    assert not herd.config.control_socket("Ball").exists()


def test_on_a_terminal_there_is_a_table_and_ctrl_c_ends_it(herd: Herd) -> None:
    with Screen([*HERD, "up", "--config", str(herd.file)], environment()) as screen:
        screen.until("Every link is up.", "connections", "Alford up ", "Ball up ")
        screen.type(CTRL_C)
        screen.until("Stopping; Ctrl-C again kills the servers at once.", "Stopped.")
        assert screen.end() == 0
    assert not herd.config.control_socket("Ball").exists()


def test_the_script_holds_one_session_and_stops(herd: Herd, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "run", tmp_path / "scripts")
    program(tmp_path / "scripts" / "setup", 'echo "setup $*" >&2')
    program(tmp_path / ".venv" / "bin" / "herd", f'exec "{sys.executable}" -m herd.cli "$@"')
    done = subprocess.run(
        [tmp_path / "scripts" / "run", "--once", "--config", herd.file],
        cwd="/",
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0
    assert "setup --run\n" in done.stderr
    blocks = done.stdout.split("\n\n")
    assert blocks[0].endswith("Every link is up.")
    who, sent, alford_at = blocks[1].splitlines()
    assert who == f"Alford, {herd.at('Alford')}"
    assert sent.startswith("> IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 ")
    who, sent, ball_at, *_ = blocks[2].splitlines()
    assert (who, sent) == (f"Ball, {herd.at('Ball')}", "> WHATSAT kiwi.cs.ucla.edu 10 5")
    assert ball_at == alford_at
    assert "Westwood" in blocks[2]
    assert blocks[-1].splitlines() == [
        "Every answer is right: Ball has the AT line that Alford gave, and no place is farther than 10 km.",
        "Stopped.",
    ]
    assert not [path for path in herd.config.state.iterdir() if path.suffix == ".sock"]


def test_a_session_goes_over_tls_where_the_servers_want_it(
    herd: Herd, run_cli: Callable[..., Any], tmp_path: Path
) -> None:
    herd.file.write_text(
        f'{herd.file.read_text().replace("tcp:", "tls:")}\n[tls]\ndirectory = "{tmp_path}"\n'
    )
    assert run_cli("ca", "init", "--config", herd.file).exit_code == 0
    assert run_cli("ca", "issue", "Alford", "Ball", "--config", herd.file).exit_code == 0
    command = [*HERD, "up", "--config", str(herd.file), "--session", "--once"]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every answer is right: Ball has the AT line that Alford gave" in done.stdout


def program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--once"], "--once says when to stop: after --session"),
        (["--only", "Bell"], "there is no server 'Bell'"),
    ],
)
def test_options_that_make_no_sense(
    options: list[str], said: str, herd: Herd, run_cli: Callable[..., Any]
) -> None:
    result = run_cli("up", "--config", herd.file, *options)
    assert result.exit_code == 2
    assert said in result.stderr
