"""The operating system as a hosted program sees it: a small machine of its own, with one processor.

The files of a host are real ones, so most of `os` is left alone. What differs from run to run, or would
reach out of the simulation, is answered by the process: its number, its host's name, the order of a
directory (which a file system is free to choose), `kill`, and the end. A host has no garbage collector of
its own.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import platform
import resource
import socket
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from herd.sim.engine.pins import devices
from herd.sim.engine.pins.pin import outside, place, place_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from herd.sim.engine.process import Process

_INIT: Final = 1
_NS_PER_S: Final = 1_000_000_000
_listdir = os.listdir
_scandir = os.scandir
_uname = os.uname
_platform_uname = platform.uname
_getcwd = os.getcwd


def pin() -> None:
    """Pin what `os` and its like tell of the machine."""
    place_plain(os, "getpid", lambda process: process.pid)
    place_plain(os, "getppid", lambda _process: _INIT)
    place_plain(os, "getpgrp", lambda process: process.pid)
    for name in ("getpgid", "getsid"):
        place(os, name, lambda process, _pid: process.pid)
    place(os, "cpu_count", lambda _process: 1)
    place(os, "process_cpu_count", lambda _process: 1)
    place(os, "sched_getaffinity", lambda _process, _pid: {0})
    place(os, "getloadavg", lambda _process: (0.0, 0.0, 0.0))
    place(os, "times", _times)
    place(os, "uname", _os_uname)
    place(platform, "uname", _describe)
    place(socket, "gethostname", lambda process: process.host.name)
    place(socket, "getfqdn", _fqdn)
    place(os, "kill", _kill)
    place(os, "_exit", _exit)
    for name in ("chdir", "fchdir"):
        place(os, name, partial(_change_directory, getattr(os, name)))
    place(os, "listdir", _list)
    place(os, "scandir", _scan)
    place(resource, "getrusage", lambda _process, _who: resource.struct_rusage([0] * 16))
    place(atexit, "register", _register)
    place(atexit, "unregister", _unregister)
    place(gc, "collect", partial(_nothing, 0))
    for name in ("freeze", "unfreeze", "enable", "disable", "set_threshold", "set_debug"):
        place(gc, name, partial(_nothing, None))


def _nothing(answer: object, _process: Process, *_args: object, **_kwargs: object) -> object:
    return answer


def _times(process: Process) -> os.times_result:
    return os.times_result((0.0, 0.0, 0.0, 0.0, process.monotonic_ns() / _NS_PER_S))


def _os_uname(process: Process) -> os.uname_result:
    real = _uname()
    return os.uname_result((real.sysname, process.host.name, real.release, real.version, real.machine))


def _describe(process: Process) -> platform.uname_result:
    with outside():  # it may run a program to find out about the processor
        return _platform_uname()._replace(node=process.host.name)


def _fqdn(process: Process, name: str = "") -> str:
    return name or process.host.name


def _kill(process: Process, pid: int, number: int, /) -> None:
    for other in process.host.processes:
        if other.pid == pid and other.exit_code is None:
            if number:
                other.signal(number)
            return
    raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))


def _exit(process: Process, status: int) -> NoReturn:
    """End at once: the process is gone, and what called this goes no further."""
    process.exit(status)
    raise SystemExit(status)


def _change_directory(original: Callable[[Any], None], process: Process, where: Any) -> None:
    original(where)
    process.directory = Path(_getcwd())


def _list(_process: Process, path: Any = ".") -> list[Any]:
    devices.check("os.listdir", path)
    return sorted(_listdir(path))


def _scan(_process: Process, path: Any = ".") -> SortedDirectory:
    devices.check("os.scandir", path)
    return SortedDirectory(path)


def _register(
    process: Process, function: Callable[..., object], /, *args: Any, **kwargs: Any
) -> Callable[..., object]:
    process.at_exit.append(partial(function, *args, **kwargs))
    return function


def _unregister(process: Process, function: Callable[..., object]) -> None:
    process.at_exit[:] = [each for each in process.at_exit if getattr(each, "func", None) != function]


class SortedDirectory:
    """What `os.scandir` returns, in the order of names."""

    def __init__(self, path: Any) -> None:
        with _scandir(path) as found:
            self._entries = iter(sorted(found, key=lambda entry: entry.name))

    def __iter__(self) -> Iterator[os.DirEntry[Any]]:
        return self

    def __next__(self) -> os.DirEntry[Any]:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give no more entries."""
        self._entries = iter(())
