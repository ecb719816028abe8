"""What waits: in a thread of a hosted program it waits for other threads or the reactor, in virtual time.

In the thread of the reactor it is an escape, for there nobody else could ever run. All that waits in Python
(conditions, events, semaphores, queues, and so `blockingCallFromThread`) waits for a lock in the end (see
`locks`), or sleeps; and what C code implements is made of these here. Who a thread is, is pinned too.
"""

from __future__ import annotations

import _queue
import _threading_local
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from twisted.python import threadable, threadpool

from herd.sim.engine import threads, workers
from herd.sim.engine.pins.escapes import escape
from herd.sim.engine.pins.pin import hosted, place, place_method

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process

_BLOCK: Final = "a reactor program must not block: use twisted.internet.task.deferLater"
_wait = threading.Condition.wait
_call = threadpool.ThreadPool.callInThreadWithCallback
_pool = threadpool.ThreadPool._pool  # noqa: SLF001 - Twisted's hook for another team


def pin() -> None:
    """Pin what waits, and who it is that does."""
    place(time, "sleep", _sleep)
    place_method(threading.Condition, "wait", _wait_for_condition)
    for module in (queue, _queue):
        place(module, "SimpleQueue", lambda _process: queue._PySimpleQueue())  # type: ignore[attr-defined] # noqa: SLF001
    place(threading, "local", lambda _process, *args, **kwargs: _threading_local.local(*args, **kwargs))
    place(threading, "current_thread", workers.current_thread)
    place(threading, "main_thread", workers.main_thread)
    place(threading, "enumerate", workers.all_threads)
    place(threading, "active_count", lambda process: len(workers.all_threads(process)))
    place(threading, "get_ident", _ident)
    place(threading, "get_native_id", _ident)
    place(threadable, "isInIOThread", _is_in_io_thread)
    _pin_pools(threadpool.ThreadPool)


def _pin_pools(owner: Any) -> None:
    owner._pool = staticmethod(_team)  # noqa: SLF001 - likewise
    owner.callInThreadWithCallback = _call_in_thread


def _sleep(process: Process, seconds: float, /) -> None:
    worker = workers.running(process)
    if worker is None:
        raise escape("time.sleep", _BLOCK)
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    workers.Wait(worker).hold(seconds)


def _wait_for_condition(process: Process, condition: Any, timeout: float | None = None) -> bool:
    if workers.running(process) is None:
        raise escape("threading.Condition.wait", _BLOCK)
    return _wait(condition, timeout)


def _ident(process: Process) -> int:
    return workers.current_thread(process).ident


def _is_in_io_thread(process: Process) -> bool:
    reactor: Any = process.reactor
    return workers.running(process) is None and (reactor._started or reactor._startedBefore)  # noqa: SLF001 - Twisted's own


def _team(limit: Callable[[], int], make_thread: Any) -> Any:
    """Return the team of a new pool of threads."""
    process = hosted()
    return _pool(limit, make_thread) if process is None else threads.Team(process, limit)


# Twisted's own names for the arguments, which programs give by name.
def _call_in_thread(
    self: Any,
    onResult: Callable[[bool, Any], object] | None,
    func: Callable[..., Any],
    *args: Any,
    **kw: Any,
) -> None:
    """Have work done by the team of a pool: a simulated one, or real threads."""
    if isinstance(self._team, threads.Team):
        threads.call_in_thread(self, onResult, func, args, kw)
    else:
        _call(self, onResult, func, *args, **kw)
