"""Handlers of signals are a process's own."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.process import Process
from tests.sim.engine.pins.hosting import Idle, hosted

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def handler() -> Callable[..., Any]:
    return lambda _number, _frame: None


def test_a_handler_is_set_for_one_process(process: Process, handler: Callable[..., Any]) -> None:
    real = signal.getsignal(signal.SIGTERM)
    with hosted(process):
        assert signal.signal(signal.SIGTERM, handler) == signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is handler
        assert signal.signal(signal.SIGTERM, signal.SIG_IGN) is handler
    with hosted(Process(process.host, Idle(), {}, None)):
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert process.signal_handlers == {signal.SIGTERM: signal.SIG_IGN}
    assert signal.getsignal(signal.SIGTERM) == real


def test_a_process_starts_with_pythons_own_handlers(process: Process) -> None:
    with hosted(process):
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN


def test_what_is_no_handler_or_no_signal_is_refused(process: Process, handler: Callable[..., Any]) -> None:
    with hosted(process):
        with pytest.raises(OSError, match="Invalid argument"):
            signal.signal(signal.SIGKILL, handler)
        with pytest.raises(ValueError, match="out of range"):
            signal.signal(999, handler)
        with pytest.raises(TypeError, match="must be"):
            signal.signal(signal.SIGTERM, "no")  # type: ignore[arg-type]


def test_a_signal_reaches_the_simulated_process_alone(process: Process) -> None:
    seen: list[int] = []
    with hosted(process):
        signal.signal(signal.SIGUSR1, lambda number, _frame: seen.append(number))
        signal.raise_signal(signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), 0)
    process.simulation.run()
    assert seen == [signal.SIGUSR1, signal.SIGUSR1]


def test_a_neighbor_on_the_host_is_killed_and_then_not_there(process: Process) -> None:
    other = Process(process.host, Idle(), {}, None)
    process.host.processes.append(other)
    with hosted(process):
        os.kill(other.pid, signal.SIGKILL)
        with pytest.raises(ProcessLookupError):
            os.kill(other.pid, signal.SIGKILL)
        with pytest.raises(ProcessLookupError):
            os.kill(1, signal.SIGKILL)
    assert other.exit_code == -9


def test_timers_and_waking_descriptors_are_not_there(process: Process) -> None:
    real = signal.set_wakeup_fd(-1)
    with hosted(process):
        assert signal.set_wakeup_fd(1) == -1
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        signal.siginterrupt(signal.SIGTERM, False)  # noqa: FBT003 - its own way
        assert signal.sigpending() == set()
    assert signal.set_wakeup_fd(real) == -1


def test_a_signal_that_is_ignored_kills_nobody_and_one_by_default_does(process: Process) -> None:
    with hosted(process):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.raise_signal(signal.SIGHUP)
        assert process.exit_code is None
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGHUP)
    assert process.exit_code == -signal.SIGHUP
