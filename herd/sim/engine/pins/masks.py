"""The umask: the kernel keeps one for the interpreter, and each process is to have its own.

It is set when a process becomes the current one, with its working directory. A process that has no directory
of its own is not asked; so when a program first sets its umask all of its simulation get the directory that
is there.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herd.sim.engine.pins import real
from herd.sim.engine.pins.pin import place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.engine.process import Process

_FIRST: Final = 0o022
_ALL: Final = 0o777
_KEY: Final = "umask"


class _Kernel:
    mask = _FIRST
    """What the kernel has now."""


def pin() -> None:
    """Pin `os.umask`."""
    place(os, "umask", _umask)


@contextmanager
def hosted_mask() -> Iterator[None]:
    """Begin with the umask of most systems, and restore what was there."""
    before = real.umask(_FIRST)
    _Kernel.mask = _FIRST
    try:
        yield
    finally:
        real.umask(before)


def enter(process: Process) -> None:
    """Have the kernel keep a process's umask."""
    mask = process.own.get(_KEY, _FIRST)
    if mask != _Kernel.mask:
        _Kernel.mask = mask
        real.umask(mask)


def _umask(process: Process, mask: int) -> int:
    before: int = process.own.get(_KEY, _FIRST)
    process.own[_KEY] = mask & _ALL
    for host in process.simulation.hosts.values():
        for each in host.processes:
            each.directory = each.directory or Path.cwd()
    enter(process)
    return before
