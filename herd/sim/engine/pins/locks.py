"""Locks of threads: a hosted program has one thread, so who waits for a lock would wait forever.

`threading.Lock` makes locks that C code implements, and which wait where no pin is. A hosted program gets
one that takes no time: a lock that is held is an escape to whoever waits for it.
"""

from __future__ import annotations

import _thread
import threading
from typing import TYPE_CHECKING, Final

from herd.sim.engine.pins.escapes import escape
from herd.sim.engine.pins.pin import hosted, place

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

_allocate = _thread.allocate_lock
_BLOCK: Final = "a reactor program must not block: use twisted.internet.defer.DeferredLock"


def pin() -> None:
    """Pin the making of locks."""
    place(threading, "Lock", _make)
    place(_thread, "allocate_lock", _make)


def _make(_process: Process) -> HostedLock:
    return HostedLock()


class HostedLock:
    """A lock that nobody waits for."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = _allocate()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - Python's own
        """Take the lock; false if it is taken and nobody wants to wait."""
        if self._lock.acquire(blocking=False):
            return True
        if hosted() is None:  # a library has kept it, and a real thread uses it
            return self._lock.acquire(blocking, timeout)
        if blocking and timeout != 0:
            raise escape("threading.Lock.acquire", _BLOCK)
        return False

    def release(self) -> None:
        """Give it back."""
        self._lock.release()

    def locked(self) -> bool:
        """Tell whether it is taken."""
        return self._lock.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_exception: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._lock = _allocate()
