"""Descriptors 0, 1 and 2: a hosted program has no terminal, and finds its standard streams behind them.

`sys.stdin` and its like are the process's own (see `streams`). The numbers, and `/dev/tty`, are the real
process's: to read from them could wait for a person.
"""

from __future__ import annotations

import errno
import io
import os
import resource
from typing import TYPE_CHECKING, Any, Final, NoReturn

from herd.sim.engine.pins.pin import place

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from herd.sim.engine.process import Process

INPUT: Final = 0
OUTPUTS: Final = frozenset({1, 2})
_OPEN_FILES: Final = (1024, 4096)
_read = os.read
_write = os.write
_isatty = os.isatty


def pin() -> None:
    """Pin what asks for a terminal, and for limits of the real process."""
    place(os, "read", _read_from)
    place(os, "write", _write_to)
    place(os, "isatty", lambda _process, number: number not in {INPUT, *OUTPUTS} and _isatty(number))
    place(os, "get_terminal_size", _no_terminal)
    place(os, "ttyname", _no_terminal)
    place(os, "tcgetpgrp", _no_terminal)
    place(resource, "getrlimit", _limits)


def opened(process: Process, number: int, mode: str) -> Any:
    """Return what `open(0)`, `open(1, "w")` and `open(2, "wb")` give; None for other descriptors."""
    if number == INPUT:
        return io.BytesIO() if "b" in mode else io.StringIO()
    if number not in OUTPUTS:
        return None
    raw = _Output(process)
    return raw if "b" in mode else io.TextIOWrapper(raw, "utf-8", write_through=True)


def _read_from(process: Process, number: int, size: int, /) -> bytes:
    del process
    return b"" if number == INPUT else _read(number, size)


def _write_to(process: Process, number: int, data: ReadableBuffer, /) -> int:
    return _Output(process).write(data) if number in OUTPUTS else _write(number, data)


def _no_terminal(_process: Process, _number: int = 1, /) -> NoReturn:
    raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))


def _limits(_process: Process, which: int, /) -> tuple[int, int]:
    if which == resource.RLIMIT_NOFILE:
        return _OPEN_FILES
    return resource.RLIM_INFINITY, resource.RLIM_INFINITY


class _Output(io.BufferedIOBase):
    """A process's output, as bytes: UTF-8, or what is shown in the place of others."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def write(self, data: ReadableBuffer, /) -> int:
        written = bytes(data)
        self._process.write_output(written.decode(errors="backslashreplace"))
        return len(written)

    def writable(self) -> bool:
        return True
