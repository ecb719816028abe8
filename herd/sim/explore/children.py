"""Work in forked children: each begins as its parent is now, does one thing, and tells what came of it.

A fork is a checkpoint. A parent that has imported everything gives each run a process of its own for some
milliseconds, and nothing that a run leaves behind reaches the next. A child that raises, crashes, or takes
too long is a result like another: it comes with the reason, and with where it stood.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import pickle
import signal
import struct
import sys
import time
import traceback
import warnings
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    Tell: TypeAlias = Callable[[Any], None]
    Work: TypeAlias = Callable[[Tell], Any]

TOLD: Final = 0
"""A frame of news while the work goes on."""
DONE: Final = 1
"""The frame of the work's result."""
RAISED: Final = 2
"""The frame of what the work raised: its class and its traceback."""

GRACE_S: Final = 2.0
"""How much longer than its limit a child may live: its last words take a moment."""

_CALLERS: Final = ("herd.sim.", "herd.cli.", "contextlib")
"""Modules whose frames say nothing to whoever wrote a scenario: they stand before the first one of theirs."""

_LENGTH: Final = struct.Struct("!BI")
_READ_BYTES: Final = 1 << 16
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


@frozen
class Ended:
    """What became of a child: its `value`, or why there is none.

    `cause` is a word or two: the class of an exception, "time limit", a signal's name; `text` tells all.
    """

    value: Any = None
    cause: str | None = None
    text: str = ""
    real_s: float = 0.0
    cpu_s: float = 0.0


class Child:
    """A forked process that does one piece of work.

    `fileno` is readable when there is something to `read`. When there will be no more, `reap` it.
    """

    def __init__(self, work: Work, limit_s: float) -> None:
        self._limit_s = limit_s
        self._reader, writer = os.pipe()
        self._last_words, error_writer = os.pipe()
        self._began_s = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        with warnings.catch_warnings():
            # Threads do not come along. Only a test runner has any, and none that the child would miss.
            warnings.simplefilter("ignore", DeprecationWarning)
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            self.pid = os.fork()
        if not self.pid:
            os.close(self._reader)
            os.close(self._last_words)
            _be_child(work, writer, error_writer, limit_s)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(writer)
        os.close(error_writer)
        self._buffer = bytearray()
        self._frame: tuple[int, Any] | None = None

    def fileno(self) -> int:
        """Return what a selector waits for."""
        return self._reader

    def read(self) -> list[Any] | None:
        """Read what has come; return the news in it, None at the end of all."""
        data = os.read(self._reader, _READ_BYTES)
        if not data:
            return None
        self._buffer += data
        news = []
        while len(self._buffer) >= _LENGTH.size:
            kind, length = _LENGTH.unpack_from(self._buffer)
            if len(self._buffer) < _LENGTH.size + length:
                break
            body = pickle.loads(self._buffer[_LENGTH.size : _LENGTH.size + length])  # noqa: S301
            del self._buffer[: _LENGTH.size + length]
            if kind == TOLD:
                news.append(body)
            else:
                self._frame = (kind, body)
        return news

    def renew(self) -> None:
        """Take note that it begins with something new, and has all its time for that."""
        self._began_s = time.monotonic()

    def overdue(self, now_s: float) -> bool:
        """Tell whether it has outlived its limit, and did not even say so."""
        return now_s - self._began_s > self._limit_s + GRACE_S

    def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def reap(self) -> Ended:
        """Wait for its end, which has come or is near; return what became of it."""
        _, status, usage = os.wait4(self.pid, 0)
        words = _read_all(self._last_words)
        os.close(self._reader)
        os.close(self._last_words)
        real_s = time.monotonic() - self._began_s
        cpu_s = usage.ru_utime + usage.ru_stime
        value, cause, text = None, None, ""
        if self._frame is not None and self._frame[0] == DONE:
            value = self._frame[1]
        elif self._frame is not None:
            cause, text = self._frame[1]
        else:
            cause, text = self._why(os.waitstatus_to_exitcode(status), words, real_s)
        return Ended(value, cause, text, real_s, cpu_s)

    def _why(self, code: int, words: str, real_s: float) -> tuple[str, str]:
        """Return cause and text of an end without a word."""
        if code == -signal.SIGALRM or (code == -signal.SIGKILL and real_s > self._limit_s):
            return "time limit", f"it took more than {self._limit_s:g} s of real time\n{words}".strip()
        if code < 0:
            name = signal.Signals(-code).name
            return name, f"its process died of {name}\n{words}".strip()
        return "exit", f"its process exited with status {code}\n{words}".strip()


def described(error: BaseException) -> tuple[str, str]:
    """Return the cause and the text of an end by an exception; its traceback begins where herd called."""
    first = error.__traceback__
    while first is not None and first.tb_frame.f_globals.get("__name__", "").startswith(_CALLERS):
        first = first.tb_next
    lines = traceback.format_exception(type(error), error, first or error.__traceback__)
    return type(error).__name__, "".join(lines).rstrip()


def _read_all(file: int) -> str:
    parts = []
    while data := os.read(file, _READ_BYTES):
        parts.append(data)
    return b"".join(parts).decode(errors="replace")


def _be_child(work: Work, writer: int, error_writer: int, limit_s: float) -> NoReturn:
    """Do the work and end, without any of what a Python program does at its end: that is the parent's."""
    status = 1
    try:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        # Ctrl-C on a terminal goes to all processes: the parent ends its children, and none of them fails.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        signal.set_wakeup_fd(-1)
        gc.freeze()  # a collection would touch, and so copy, all that is shared with the parent
        os.dup2(2, 1)  # standard output is the parent's, for its report
        faulthandler.enable(error_writer)
        # Says where it stands, then ends it. A watchdog thread would wait for the parent's, if that has one.
        faulthandler.register(signal.SIGALRM, error_writer, chain=True)
        signal.setitimer(signal.ITIMER_REAL, limit_s)

        def send(kind: int, value: Any) -> None:
            body = pickle.dumps(value)
            data = memoryview(_LENGTH.pack(kind, len(body)) + body)
            while data:
                data = data[os.write(writer, data) :]

        try:
            send(DONE, work(lambda news: send(TOLD, news)))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent is told
            send(RAISED, described(error))
        sys.stdout.flush()
        sys.stderr.flush()
        status = 0
    finally:
        os._exit(status)
