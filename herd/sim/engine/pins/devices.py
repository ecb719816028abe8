"""Files that tell of the real machine: its randomness, its clock, its processes.

A host's files are real ones, and programs open them as they like. A device that gives other bytes at every
run, and what the kernel tells in `/proc` and `/sys`, are escapes.
"""

from __future__ import annotations

import builtins
import os
import posixpath
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.pins.escapes import escape
from herd.sim.engine.pins.pin import place

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process

_RANDOM: Final = frozenset({"/dev/random", "/dev/urandom", "/dev/hwrng"})
_KERNEL: Final = ("/proc/", "/sys/")


def pin() -> None:
    """Pin what opens files."""
    for owner in (builtins, os):
        place(owner, "open", partial(_open, owner.open))


def _open(original: Callable[..., Any], _process: Process, *args: Any, **kwargs: Any) -> Any:
    file = args[0] if args else kwargs.get("file", kwargs.get("path"))
    if isinstance(file, str | bytes | os.PathLike):
        path = posixpath.normpath(os.fsdecode(file))
        if path in _RANDOM:
            raise escape(f"open({path!r})", "use os.urandom")
        if path.startswith(_KERNEL):
            raise escape(f"open({path!r})", "it tells of the machine that runs the simulation")
    return original(*args, **kwargs)
