"""The module `time` in a hosted program."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.clock import EPOCH_S
from herd.sim.engine.pins.escapes import Escape
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

NOW_S = EPOCH_S + 90
CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")


def test_the_wall_clock_is_the_hosts(process: Process) -> None:
    with hosted(process):
        assert time.time() == NOW_S
        assert time.time_ns() == NOW_S * 1_000_000_000
        assert time.clock_gettime(time.CLOCK_REALTIME) == NOW_S
        assert time.clock_gettime_ns(time.CLOCK_REALTIME) == NOW_S * 1_000_000_000


def test_the_other_clocks_begin_with_the_simulation(process: Process) -> None:
    with hosted(process):
        assert time.monotonic() == time.perf_counter() == time.clock_gettime(time.CLOCK_MONOTONIC) == 90.0
        assert time.monotonic_ns() == time.perf_counter_ns() == 90_000_000_000


def test_a_clock_that_is_wrong_is_wrong_for_its_host(process: Process) -> None:
    process.host.clock.step(process.simulation.now_ns, -3_600_000_000_000)
    with hosted(process):
        assert time.time() == NOW_S - 3600
        assert time.monotonic() == 90.0


def test_a_simulated_program_takes_no_processors_time(process: Process) -> None:
    with hosted(process):
        assert (time.process_time(), time.process_time_ns()) == (0.0, 0)
        assert (time.thread_time(), time.thread_time_ns()) == (0.0, 0)
        assert time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID) == 0.0


def test_a_clock_that_nobody_knows_is_an_escape(process: Process) -> None:
    with hosted(process), pytest.raises(Escape, match=r"calls time\.clock_gettime\(77\)"):
        time.clock_gettime(77)


def test_without_a_time_given_it_is_now(process: Process) -> None:
    with hosted(process):
        assert time.gmtime()[:6] == time.localtime(None)[:6] == (2026, 1, 1, 0, 1, 30)
        assert time.strftime("%Y-%m-%dT%H:%M:%S") == "2026-01-01T00:01:30"
        assert time.ctime() == time.asctime() == "Thu Jan  1 00:01:30 2026"


def test_a_time_that_is_given_is_taken(process: Process) -> None:
    with hosted(process):
        assert time.strftime("%H", time.gmtime(3600)) == "01"
        assert time.asctime(time.gmtime(0)) == time.ctime(0) == "Thu Jan  1 00:00:00 1970"


def test_hosts_live_in_utc(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        with hosted(process):
            assert time.localtime(0).tm_hour == 0
            assert time.mktime(time.localtime(1_000_000)) == 1_000_000.0
            time.tzset()
        assert time.localtime(0).tm_hour == 9
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.usefixtures("process")
@pytest.mark.parametrize("name", CLOCKS)
def test_outside_the_real_clocks_go_on(name: str) -> None:
    before = getattr(time, name)()
    sum(range(1000))
    assert before < getattr(time, name)()
    assert abs(getattr(time, f"{name}_ns")() / 1e9 - getattr(time, name)()) < 10
