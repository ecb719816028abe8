"""Locks of threads: a thread waits for one in virtual time, the reactor's thread never.

`threading.Lock` makes locks that C code implements, and which wait where no pin is. A hosted program gets
one for which work in a thread stands still, until it is given back; in the thread of the reactor a lock that
is held is an escape to whoever waits for it. Who came first gets it first.
"""

from __future__ import annotations

import _thread
import threading
from threading import get_ident
from typing import TYPE_CHECKING, Final

from greenlet import getcurrent

from herd.sim.engine import workers
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
    place(threading, "RLock", lambda _process: HostedRLock())


def _make(_process: Process) -> HostedLock:
    return HostedLock()


class HostedLock:
    """A lock that only threads of a pool wait for."""

    __slots__ = ("__weakref__", "_lock", "_waiting")

    def __init__(self) -> None:
        self._lock = _allocate()
        self._waiting: list[workers.Wait] | None = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - Python's own
        """Take the lock; false if it is taken and nobody wants to wait."""
        if self._lock.acquire(blocking=False):
            return True
        process = hosted()
        if process is None:  # a library has kept it, and a real thread uses it
            return self._lock.acquire(blocking, timeout)
        return blocking and timeout != 0 and self._wait(process, None if timeout < 0 else timeout)

    def _wait(self, process: Process, timeout_s: float | None) -> bool:
        worker = workers.running(process)
        if worker is None:
            raise escape("threading.Lock.acquire", _BLOCK)
        if self._waiting is None:
            self._waiting = []
        wait = workers.Wait(worker)
        self._waiting.append(wait)
        return wait.hold(timeout_s)

    def release(self) -> None:
        """Give it back, or to who has waited longest."""
        while self._waiting and self._lock.locked():
            if self._waiting.pop(0).end():
                return
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


class HostedRLock:
    """A lock that whoever has it may take again: a thread of a pool, or any thread of the real world.

    Whoever it is, the same inside and outside of a hosted program: libraries are imported outside.
    """

    def __init__(self) -> None:
        self._lock = HostedLock()
        self._owner: object = None
        self._count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002 - Python's own
        """Take the lock, once more if it is one's own; false if it cannot be had."""
        caller = _caller()
        if self._owner != caller:
            if not self._lock.acquire(blocking, timeout):
                return False
            self._owner = caller
        self._count += 1
        return True

    def release(self) -> None:
        """Give it back, once."""
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = None
            self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_exception: object) -> None:
        self.release()

    # What a condition asks of its lock.

    def _is_owned(self) -> bool:
        return self._owner == _caller()

    def _release_save(self) -> int:
        count, self._count, self._owner = self._count, 0, None
        self._lock.release()
        return count

    def _acquire_restore(self, count: int) -> None:
        self._lock.acquire()
        self._count, self._owner = count, _caller()

    def _at_fork_reinit(self) -> None:
        self.__init__()  # type: ignore[misc]


def _caller() -> object:
    here = getcurrent()
    return here if isinstance(here, workers.Worker) else get_ident()
