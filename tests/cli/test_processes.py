"""The process monitor, with real processes that do as they are told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.defer import Deferred

from herd.cli.processes import LAST_LINES, Death, ServerMonitor, twistd_command
from tests.cli.conftest import environment, is_alive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT_S = 20
READY = "print('ready', flush=True); time.sleep(60)"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); "


class Deaths:
    """Deaths as they are told."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[Death]] = []

    def tell(self, death: Death) -> None:
        self._waiting.pop(0).callback(death)

    def next(self) -> Deferred[Death]:
        waiting: Deferred[Death] = Deferred()
        self._waiting.append(waiting)
        return waiting.addTimeout(LIMIT_S, reactor)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def deaths() -> Deaths:
    return Deaths()


@pytest_twisted.ensureDeferred
async def test_last_words_of_both_streams_are_kept_and_the_wait_grows(deaths: Deaths) -> None:
    monitor = ServerMonitor(reactor, 5.0, deaths.tell)
    monitor.minRestartDelay = 0.05  # type: ignore[assignment]
    monitor.delay = {}
    code = "import os; print(*range(50), sep=chr(10), flush=True); os.write(2, b'caf\\xe9'); os._exit(3)"
    monitor.add("Ball", python(code))
    dying = deaths.next()
    monitor.startService()
    first = await dying
    assert (first.name, first.cause, first.killed) == ("Ball", "exit status 3", False)
    assert len(first.last_lines) == LAST_LINES
    assert set(first.last_lines[-2:]) <= {"48", "49", "caf\\xe9"}
    second = await deaths.next()
    assert second.pid != first.pid
    assert (round(first.again_in_s, 2), round(second.again_in_s, 2)) == (0.05, 0.1)
    await monitor.stop()
    assert not is_alive(second.pid or 0)


@pytest_twisted.ensureDeferred
async def test_a_process_that_is_killed_is_started_again(deaths: Deaths) -> None:
    monitor = ServerMonitor(reactor, 5.0, deaths.tell)
    monitor.threshold = 0
    monitor.add("Ball", python("import time; time.sleep(60)"))
    monitor.startService()
    dying = deaths.next()
    pid = monitor.pid("Ball")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    death = await dying
    assert death == Death(
        name="Ball", pid=pid, cause="signal 9", killed=True, last_lines=(), again_in_s=death.again_in_s
    )
    assert death.again_in_s < 0.1
    assert monitor.pid("Ball") is None
    await monitor.stop()
    assert monitor.pid("Ball") is None


@pytest_twisted.ensureDeferred
async def test_a_program_that_is_not_there_is_a_death_of_its_own_kind(deaths: Deaths) -> None:
    monitor = ServerMonitor(reactor, 5.0, deaths.tell)
    monitor.add("Ball", ["/nowhere/python"])
    dying = deaths.next()
    monitor.startService()
    death = await dying
    assert (death.pid, death.killed, death.last_lines) == (None, False, ())
    assert "No such file or directory" in death.cause
    await monitor.stop()


class Said(ServerMonitor):
    """A monitor that tells when a process has written its first line."""

    def ready(self, name: str) -> Deferred[None]:
        output: Any = self.protocols[name]
        ready: Deferred[None] = Deferred()
        received = output.outReceived

        def out_received(data: bytes) -> None:
            received(data)
            if not ready.called:
                ready.callback(None)

        output.outReceived = out_received
        return ready.addTimeout(LIMIT_S, reactor)


@pytest_twisted.ensureDeferred
async def test_stopping_waits_for_the_end_and_kills_what_does_not_end(deaths: Deaths) -> None:
    monitor = Said(reactor, 0.2, deaths.tell)
    monitor.add("Alford", python("import time; " + READY))
    monitor.add("Ball", python("import signal, time; " + DEAF + READY))
    monitor.startService()
    pids = [monitor.pid(name) or 0 for name in ("Alford", "Ball")]
    await monitor.ready("Ball")
    await monitor.stop()
    assert [is_alive(pid) for pid in pids] == [False, False]


@pytest_twisted.ensureDeferred
async def test_killing_is_at_once(deaths: Deaths) -> None:
    monitor = Said(reactor, 3600.0, deaths.tell)
    monitor.add("Ball", python("import signal, time; " + DEAF + READY))
    monitor.startService()
    await monitor.ready("Ball")
    stopping = monitor.stop()
    assert not stopping.called
    monitor.kill()
    await stopping.addTimeout(LIMIT_S, reactor)


def test_a_server_is_twistd_and_its_file_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "herd.toml").touch()
    from pathlib import Path  # noqa: PLC0415

    assert twistd_command("Ball", Path("herd.toml"), 8.0) == [
        sys.executable,
        *("-P", "-m", "herd.cli.child", "8"),
        *("--nodaemon", "--pidfile=", "herd", "--name", "Ball"),
        *("--config", str(tmp_path / "herd.toml")),
    ]
    assert "--config" not in twistd_command("Ball", None, 8.0)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A long-lived child that has started: any twistd plugin will do."""
    command = [sys.executable, "-P", "-m", "herd.cli.child", "20"]
    twistd = ["--nodaemon", "--pidfile=", "web", "--listen", "tcp:0:interface=127.0.0.1"]
    with subprocess.Popen(
        [*command, *twistd], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path, env=environment()
    ) as process:
        assert process.stdout is not None
        assert any(b"Site starting on" in line for line in process.stdout)
        yield process
        process.kill()


def test_a_child_ends_when_its_parent_does(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    child.stdin.close()  # as when the process at the other end of the pipe is no more
    child.wait(LIMIT_S)
    assert child.returncode == -signal.SIGTERM


def test_a_child_is_out_of_reach_of_the_terminals_ctrl_c(child: subprocess.Popen[bytes]) -> None:
    assert os.getsid(child.pid) == child.pid
    assert os.getpgid(child.pid) != os.getpgid(0)
