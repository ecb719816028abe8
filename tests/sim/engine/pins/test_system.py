"""The operating system, as a hosted program sees it."""

from __future__ import annotations

import atexit
import gc
import os
import platform
import resource
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process


def test_the_machine_is_a_small_one_with_the_hosts_name(process: Process) -> None:
    with hosted(process):
        assert (os.getpid(), os.getppid(), os.cpu_count()) == (process.pid, 1, 1)
        assert os.getpgrp() == os.getpgid(0) == os.getsid(0) == process.pid
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss == 0
        assert {os.uname().nodename, platform.node(), platform.uname().node} == {"web"}
        assert (socket.gethostname(), socket.getfqdn(), socket.getfqdn("a.example")) == (
            "web",
            "web",
            "a.example",
        )
        assert (os.getloadavg(), os.sched_getaffinity(0)) == ((0.0, 0.0, 0.0), {0})
        assert os.times().elapsed == 90.0
        assert os.uname().sysname == "Linux" or sys.platform != "linux"
    assert os.getpid() != process.pid
    assert platform.node() == os.uname().nodename == socket.gethostname()


def test_directories_come_in_the_order_of_names(process: Process, tmp_path: Path) -> None:
    names = [f"{number * 7 % 30:02}" for number in range(30)]
    for name in names:
        (tmp_path / name).touch()
    with hosted(process):
        assert os.listdir(tmp_path) == sorted(names)  # noqa: PTH208
        assert [each.name for each in tmp_path.iterdir()] == sorted(names)
        assert [each.name for each in os.scandir(os.fsencode(tmp_path))][:2] == [b"00", b"01"]
        with os.scandir(tmp_path) as found:
            assert next(found).name == "00"
        assert next(os.walk(tmp_path))[2] == sorted(names)
        assert [each.name for each in tmp_path.glob("*")] == sorted(names)


def test_a_working_directory_is_the_processs(process: Process, tmp_path: Path) -> None:
    before = Path.cwd()
    try:
        with hosted(process):
            os.chdir(tmp_path)
        assert process.directory == tmp_path.resolve()
    finally:
        os.chdir(before)
    assert process.directory == tmp_path.resolve()


def test_a_host_has_no_collector(process: Process) -> None:
    frozen, enabled, thresholds = gc.get_freeze_count(), gc.isenabled(), gc.get_threshold()
    with hosted(process):
        assert gc.collect() == gc.collect(generation=1) == 0
        gc.freeze()
        gc.unfreeze()
        gc.disable()
        gc.set_threshold(1)
    assert (gc.isenabled(), gc.get_threshold()) == (enabled, thresholds)
    # Of what was frozen before, a few things may have been let go of since.
    assert 0 <= frozen - gc.get_freeze_count() < 1_000


def test_what_is_to_happen_at_the_end_is_the_processs(process: Process) -> None:
    said: list[str] = []
    with hosted(process):
        atexit.register(said.append, "first")
        assert atexit.register(print) is print
        atexit.unregister(print)
    assert [each() for each in process.at_exit] == [None]
    assert said == ["first"]


def test_an_exit_at_once_ends_the_process(process: Process) -> None:
    with hosted(process), pytest.raises(SystemExit):
        os._exit(3)
    assert process.exit_code == 3


@pytest.mark.usefixtures("process")
def test_outside_functions_are_found_in_the_tables_of_what_they_can() -> None:
    assert os.scandir in os.supports_fd
    assert os.listdir in os.supports_fd
    assert os.execve in os.supports_fd
    assert os.getpid not in os.supports_fd
