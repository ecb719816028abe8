"""Herds of real processes: started, killed, stopped, and nothing of them left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from herd.cli.conversation import converse
from herd.config.load import load_config
from herd.testing.processes import ProcessError, ProcessHerd

if TYPE_CHECKING:
    from herd.config.model import Config

LIMIT_S = 20.0


def pair() -> Config:
    """Return a herd of Alford and Ball."""
    config = load_config()
    return evolve(
        config,
        servers=(
            evolve(config.server("Alford"), neighbors=("Ball",)),
            evolve(config.server("Ball"), neighbors=("Alford",)),
        ),
    )


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def say(herd: ProcessHerd, name: str, line: bytes) -> bytes:
    return b"".join(converse(herd.address(name), line, LIMIT_S))


def links_up(herd: ProcessHerd, name: str) -> list[str]:
    return [each["name"] for each in herd.status(name)["neighbors"] if each["state"] == "up"]


def test_a_herd_is_up_and_linked_can_be_killed_and_leaves_nothing() -> None:
    with ProcessHerd(pair()) as herd:
        assert list(herd.running) == ["Alford", "Ball"]
        assert (links_up(herd, "Alford"), links_up(herd, "Ball")) == (["Ball"], ["Alford"])
        first = herd.pid("Ball")
        assert herd.status("Ball")["pid"] == first
        report = say(herd, "Alford", b"IAMAT kiwi +34-118 5\n")
        herd.kill("Ball")
        assert not is_alive(first)
        assert list(herd.running) == ["Alford"]
        with pytest.raises(ProcessError, match=r"^Ball gives no status: not running here"):
            herd.status("Ball")
        herd.start("Ball")
        herd.wait_until_linked()
        assert herd.pid("Ball") != first
        assert say(herd, "Alford", b"IAMAT kiwi +34-118 4\n") == report
        assert "got IAMAT kiwi +34-118 4" in herd.log("Alford")
        pids, directory = [herd.pid(name) for name in herd.running], herd.directory
        assert (directory / "Alford.sock").exists()
    assert not any(map(is_alive, pids))
    assert not directory.exists()


def test_a_server_that_cannot_start_is_told_with_its_last_words() -> None:
    config = pair()
    herd = ProcessHerd(evolve(config, places=evolve(config.places, options={"nonsense": 1})))
    with pytest.raises(
        ProcessError, match=r"^(Alford|Ball) ended before it was up\. It said last: .*nonsense"
    ):
        herd.__enter__()
    assert herd.running == ()
    assert not herd.directory.exists()


def test_a_stuck_server_is_killed_and_told() -> None:
    config = pair()
    herd = ProcessHerd(evolve(config, limits=evolve(config.limits, shutdown_s=0.1))).__enter__()
    pids = [herd.pid(name) for name in herd.running]
    os.kill(herd.pid("Alford"), signal.SIGSTOP)
    with pytest.raises(ProcessError, match=r"^Alford did not end in 3\.1 s"):
        herd.__exit__(None, None, None)
    assert not any(map(is_alive, pids))


def test_servers_end_when_the_process_dies_that_started_them() -> None:
    code = (
        "import time\n"
        "from herd.testing.processes import ProcessHerd\n"
        "from tests.testing.test_processes import pair\n"
        "with ProcessHerd(pair()) as herd:\n"
        "    print(herd.directory, *map(herd.pid, herd.running), flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        directory, *pids = starter.stdout.readline().split()
        starter.kill()
    deadline_s = time.monotonic() + LIMIT_S
    while alive := [pid for pid in pids if is_alive(int(pid))]:
        assert time.monotonic() < deadline_s, f"{alive} live on"
    shutil.rmtree(directory)
