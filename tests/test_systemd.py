"""The unit of systemd: it is sound, and the server does what the unit's directives count on.

The test takes systemd's part: it starts, reloads and stops the server with the commands of the unit, and
listens at a socket of its own for what the server notifies.
"""

from __future__ import annotations

import configparser
import os
import pwd
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from herd.config.dump import dump_config
from herd.testing.herd import ReservedPorts, local_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

ROOT = Path(__file__).resolve().parents[1]
UNIT = ROOT / "conf" / "systemd" / "herd@.service"
LIMIT_S = 60.0
"""How long any one thing may take on a machine that does much else."""

WATCHDOG_S = 0.2


def directive(name: str) -> str:
    unit = configparser.ConfigParser(interpolation=None, delimiters=["="], strict=False)
    unit.read(UNIT, encoding="utf-8")
    return unit["Service"][name]


def command(name: str, file: Path, pid: int | None = None) -> list[str]:
    """Return a command of the unit, of this installation instead of /opt/herd."""
    line = directive(name).replace("%i", "Alford").replace("$MAINPID", str(pid))
    words = shlex.split(line.replace("/etc/herd/herd.toml", str(file)))
    program = words[0].removeprefix("/opt/herd/bin/")
    return [words[0] if program.startswith("/") else str(Path(sys.executable).with_name(program)), *words[1:]]


class Manager:
    """A service manager of one server, Alford."""

    def __init__(self, file: Path) -> None:
        self.file = file
        address = str(file.with_name("notify"))
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(LIMIT_S)
        self._socket.bind(address)
        self._environ = {
            **os.environ,
            "NOTIFY_SOCKET": address,
            "WATCHDOG_USEC": str(round(WATCHDOG_S * 1e6)),
        }

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            command("ExecStart", self.file),
            env=self._environ,
            cwd=self.file.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.communicate()
        self._socket.close()

    def told(self) -> str:
        """Wait for what the server notifies next."""
        return self._socket.recv(4096).decode("ascii")

    def told_besides_watchdog(self) -> str:
        deadline_s = time.monotonic() + LIMIT_S
        while (message := self.told()) == "WATCHDOG=1":
            assert time.monotonic() < deadline_s, "the watchdog is fed, and nothing else happens"
        return message

    def reload(self) -> None:
        """Reload as `systemctl reload` does."""
        subprocess.run(command("ExecReload", self.file, self.process.pid), check=True)


@pytest.fixture
def file() -> Iterator[Path]:
    """Return the configuration of a herd of one server, Alford."""
    with tempfile.TemporaryDirectory(prefix="herd-") as name, ReservedPorts() as ports:
        path = Path(name) / "herd.toml"
        path.write_text(dump_config(local_config("Alford", Path(name), ports)), encoding="utf-8")
        yield path


@pytest.fixture
def manager(file: Path) -> Iterator[Manager]:
    with Manager(file) as started:
        yield started


def test_a_service_starts_is_watched_reloads_and_stops(manager: Manager) -> None:
    assert directive("Type") == "notify"
    assert manager.told() == "READY=1"
    assert [manager.told() for _ in range(3)] == ["WATCHDOG=1"] * 3

    manager.reload()
    assert [manager.told_besides_watchdog() for _ in range(2)] == ["RELOADING=1", "READY=1"]
    assert manager.told() == "WATCHDOG=1"

    manager.process.terminate()
    assert manager.told_besides_watchdog() == "STOPPING=1"
    assert manager.process.wait(LIMIT_S) == 0


def test_a_file_that_is_bad_at_a_reload_leaves_the_service_as_it_was(manager: Manager) -> None:
    assert manager.told() == "READY=1"
    manager.file.write_text("nonsense", encoding="utf-8")
    manager.reload()
    assert [manager.told_besides_watchdog() for _ in range(2)] == ["RELOADING=1", "READY=1"]
    assert manager.told() == "WATCHDOG=1"


@pytest.mark.parametrize(("text", "exit_status"), [(None, 0), ("nonsense", 1)])
def test_a_file_that_is_bad_is_found_before_the_start(text: str | None, exit_status: int, file: Path) -> None:
    if text is not None:
        file.write_text(text, encoding="utf-8")
    done = subprocess.run(command("ExecStartPre", file), capture_output=True, check=False)
    assert done.returncode == exit_status


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "herd@Alford.service"
    text = UNIT.read_text(encoding="utf-8").replace("/opt/herd/bin", str(Path(sys.executable).parent))
    unit.write_text(text.replace("User=herd", f"User={pwd.getpwuid(os.getuid()).pw_name}"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert [line for line in done.stderr.splitlines() if str(unit) in line] == []
    assert done.returncode == 0, done.stderr
