"""Files that tell of the real machine: its randomness, its clock, its processes, its terminal.

A host's files are real ones, and programs open them as they like. A device that gives other bytes at every
run, and what the kernel tells in `/proc` and `/sys`, are escapes; a terminal is not there. A path may lead to
one of them by way of the working directory, or be a link to one.
"""

from __future__ import annotations

import builtins
import errno
import os
import posixpath
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.pins import terminal
from herd.sim.engine.pins.escapes import escape
from herd.sim.engine.pins.pin import place

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

_RANDOM: Final = frozenset({"/dev/random", "/dev/urandom", "/dev/hwrng"})
_STREAMS: Final = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_TERMINALS: Final = frozenset({"/dev/tty", "/dev/console"})
_KERNEL: Final = ("/proc/", "/sys/")
_real_open = builtins.open
_os_open = os.open
_readlink = os.readlink
_getcwd = os.getcwd


def pin() -> None:
    """Pin what opens files, and what looks into directories of the kernel."""
    place(builtins, "open", _open_stream)
    place(os, "open", _open)
    place(os, "readlink", _read_link)


def check(function: str, file: Any) -> str | None:
    """Return the absolute path of a file that may be looked at, None of a descriptor; or raise an escape."""
    if not isinstance(file, str | bytes | os.PathLike):
        return None
    path = posixpath.normpath(posixpath.join(_getcwd(), os.fsdecode(file)))
    for each in (path, *_target(path)):
        if each in _RANDOM:
            raise escape(f"{function}({each!r})", "use os.urandom")
        if f"{each}/".startswith(_KERNEL):
            raise escape(f"{function}({each!r})", "it tells of the machine that runs the simulation")
    return path


def _target(path: str) -> list[str]:
    """Return what a link leads to, if it is one that leads to something that is checked."""
    try:
        target = _readlink(path)
    except (OSError, ValueError):
        return []
    return [] if path in _STREAMS else [posixpath.normpath(posixpath.join(posixpath.dirname(path), target))]


def _open_stream(process: Process, *args: Any, **kwargs: Any) -> Any:
    file = args[0] if args else kwargs.get("file")
    path = check("open", file)
    number = _STREAMS.get(path or "", file if isinstance(file, int) else -1)
    _refuse_terminals(path)
    stream = terminal.opened(process, number, args[1] if len(args) > 1 else kwargs.get("mode", "r"))
    return _real_open(*args, **kwargs) if stream is None else stream


def _open(_process: Process, path: Any, *args: Any, **kwargs: Any) -> int:
    found = check("open", path)
    _refuse_terminals("/dev/tty" if found in _STREAMS else found)
    return _os_open(path, *args, **kwargs)


def _refuse_terminals(path: str | None) -> None:
    if path in _TERMINALS:
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO), path)


def _read_link(_process: Process, path: Any, **kwargs: Any) -> Any:
    if not kwargs:
        check("os.readlink", path)
    return _readlink(path, **kwargs)
