"""Signals: the handlers that a hosted program sets are its process's own.

Nothing here reaches the real process: a simulated process gets its signals from `Process.signal`.
"""

from __future__ import annotations

import errno
import os
import signal
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.pins.pin import place

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

_UNCATCHABLE: Final = (signal.SIGKILL, signal.SIGSTOP)
_VALID: Final = sorted(int(number) for number in signal.valid_signals())
_FIRST: Final[dict[int, Any]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGPIPE: signal.SIG_IGN,
}
"""The handlers with which Python starts."""


def pin() -> None:
    """Pin handlers of signals."""
    place(signal, "signal", _signal)
    place(signal, "getsignal", _getsignal)
    place(signal, "raise_signal", lambda process, number: process.signal(int(number)))
    place(signal, "siginterrupt", lambda _process, _number, _flag: None)
    place(signal, "set_wakeup_fd", lambda _process, _fd, **_kwargs: -1)
    place(signal, "getitimer", lambda _process, _which: (0.0, 0.0))
    place(signal, "sigpending", lambda _process: set())


def _signal(process: Process, number: int, handler: Any) -> Any:
    if number in _UNCATCHABLE:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    if not callable(handler) and handler not in {signal.SIG_IGN, signal.SIG_DFL}:
        raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
    before = _getsignal(process, number)
    process.signal_handlers[int(number)] = handler
    return before


def _getsignal(process: Process, number: int) -> Any:
    if number not in _VALID:
        raise ValueError("signal number out of range")
    return process.signal_handlers.get(int(number), _FIRST.get(int(number), signal.SIG_DFL))
