"""`herd sim` where time passes and signals come: at the pace of a clock, on a terminal, interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import environment, is_alive
from tests.cli.screen import CTRL_C, Screen
from tests.cli.simulating import (
    COUNTER,
    LIMIT_S,
    afresh,
    typed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("this_process_will_do")


def test_real_time_is_as_long_as_it_says(free_ports: Callable[[int], list[int]]) -> None:
    [port] = free_ports(1)
    began_s = time.monotonic()
    words = ["--realtime", "--until", "0.5", "--publish", f"counter:4000={port}"]
    done = afresh("run", COUNTER, "--seed", "1", *words)
    assert done.returncode == 0
    assert done.stderr.startswith(f"counter:4000 is at 127.0.0.1:{port}\n")
    assert "0.5 virtual seconds in 0." in done.stdout
    assert time.monotonic() - began_s >= 0.5


GIVES_UP = """
from herd.sim import Call, Scenario

def build(simulation):
    simulation.host("counter").start(Call(exit, 3))

scenario = Scenario(about="A program that gives up.", build=build, duration_s=0.01, settle_s=0.0)
"""


def test_what_people_said_is_in_no_seed_so_none_is_named(
    tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    file = tmp_path / "gives_up.py"
    file.write_text(GIVES_UP)
    [port] = free_ports(1)
    for more, is_seed in (["--publish", f"counter:4000={port}"], False), ([], True):
        done = afresh("run", file, "--seed", "1", "--realtime", *more)
        assert done.returncode == 1
        assert ("To make it small" in done.stdout) is is_seed


def test_on_a_terminal_a_bar_moves_and_ctrl_c_ends_everything(tmp_path: Path) -> None:
    digests = tmp_path / "digests"
    command = typed("seeds", COUNTER, "--count", "100000", "--jobs", "2", "--digests", digests)
    with Screen(command, environment()) as screen:
        screen.until("seeds", "/100,000", "0 failed")
        children = children_of(screen._process.pid)
        screen.type(CTRL_C)
        assert screen.end() == 128 + signal.SIGINT
        assert re.search(r"interrupted after \d+ seeds?, none failed", screen.text)
    assert not any(is_alive(each) for each in children)


def test_a_term_signal_ends_all_runs() -> None:
    running = subprocess.Popen(
        typed("seeds", COUNTER, "--count", "100000"), env=environment(), stderr=subprocess.DEVNULL
    )
    while not (children := children_of(running.pid)):
        time.sleep(0.01)
    running.terminate()
    assert running.wait(LIMIT_S) == 128 + signal.SIGTERM
    assert not any(is_alive(each) for each in children)


def children_of(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def test_completion_knows_the_scenarios() -> None:
    words = ["herd", "sim", "run", "five-servers-q"]
    done = subprocess.run(
        [sys.executable, "-m", "herd.cli"],
        env={
            **os.environ,
            "_HERD_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": "3",
        },
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.stdout == "plain,five-servers-quiet\n"
