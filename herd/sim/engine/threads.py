"""Threads that are none: work is done by a greenlet, beginning at a moment that is drawn from the seed.

So whatever a program hands to a thread (a disk's write, a look-up) takes time, others run meanwhile, a crash
may come first, and yet nothing ever runs at once with something else. Most work never waits: then it is one
event. Work that waits keeps its thread until it is done, and what was meant for that thread goes to others.

The pools are Twisted's own; behind each stands a team of simulated threads.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from greenlet import GreenletExit
from twisted._threads._team import Statistics
from twisted.python import context, log, threadpool
from twisted.python.failure import Failure

from herd.sim.engine import trace
from herd.sim.engine.workers import Thread, Worker, main_thread

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process

_LARGEST: Final = 10
"""How many threads a reactor's pool has, unless a program suggests another number."""


class _Work:
    """A piece of work; `task` is None when it was done, or handed to another thread."""

    __slots__ = ("name", "task")

    def __init__(self, name: str, task: Callable[[], object] | None) -> None:
        self.name = name
        self.task = task


class PoolThread(Thread):
    """One thread of a pool."""

    def __init__(self, process: Process, name: str) -> None:
        super().__init__(process, name)
        self.free_ns = 0
        """When it will have done what it was given, if nothing waits."""
        self.given: deque[_Work] = deque()
        self.is_busy = False
        self.worker: Worker | None = None


class Team:
    """The threads of one pool, in the place of `twisted._threads.Team`. `limit()`: how many there may be."""

    def __init__(self, process: Process, limit: Callable[[], int]) -> None:
        main_thread(process)  # it is the first
        self.name: object = None
        """The name of the pool."""
        self._process = process
        self._limit = limit
        self._threads: list[PoolThread] = []
        self._waiting: deque[_Work] = deque()

    def call(self, name: str, task: Callable[[], object]) -> None:
        """Have a task done by a thread; `name` is told to the trace."""
        self._waiting.append(_Work(name, task))
        self._give()

    def _give(self) -> None:
        """Give work to threads, as far as there are threads that do not wait."""
        while self._waiting:
            thread = self._next_thread()
            if thread is None:
                return
            self._begin(thread, self._waiting.popleft())

    def _next_thread(self) -> PoolThread | None:
        """Return the thread that is free first, one that exists before a new one; None if all wait."""
        limit, now_ns = self._limit(), self._process.simulation.now_ns
        free = [each for each in self._threads[:limit] if not each.is_busy]
        first = min(free, key=lambda each: max(each.free_ns, now_ns), default=None)
        if len(self._threads) >= limit or (first is not None and first.free_ns <= now_ns):
            return first
        made = PoolThread(self._process, f"PoolThread-{self.name}-{len(self._threads)}")
        self._threads.append(made)
        return made

    def _begin(self, thread: PoolThread, work: _Work) -> None:
        process = self._process
        simulation = process.simulation
        stream = simulation.chance.stream(f"threads {process.host.name}")
        begin_ns = max(simulation.now_ns, thread.free_ns)
        thread.free_ns = begin_ns + process.host.thread_delays[-1].draw_ns(stream)
        thread.given.append(work)
        simulation.schedule(thread.free_ns, process, self._do, (thread, work))

    def _do(self, thread: PoolThread, work: _Work) -> None:
        task = work.task
        if task is None:
            return
        thread.given.popleft()
        self._process.host.record(trace.THREAD, None, 0, 0, work.name.encode())
        thread.is_busy = True
        if thread.worker is None or thread.worker.dead:
            thread.worker = Worker()
        thread.worker.do(self._process, thread, partial(self._work, thread, task))
        if thread.is_busy:  # what comes after it is for others, or has to wait as well
            thread.free_ns = self._process.simulation.now_ns
            self._waiting.extendleft(_Work(each.name, each.task) for each in reversed(thread.given))
            for each in thread.given:
                each.task = None
            thread.given.clear()
            self._give()

    def _work(self, thread: PoolThread, task: Callable[[], object]) -> None:
        try:
            task()
        except (GreenletExit, KeyboardInterrupt):
            raise
        except BaseException:  # noqa: BLE001 - as Twisted's team does
            log.err()
        thread.is_busy = False
        thread.free_ns = max(thread.free_ns, self._process.simulation.now_ns)
        self._give()

    # What Twisted's pool asks of its team.

    def statistics(self) -> Statistics:
        """Return how many threads are idle and busy, and how much work waits for one."""
        busy = sum(each.is_busy or bool(each.given) for each in self._threads)
        return Statistics(len(self._threads) - busy, busy, len(self._waiting))

    def grow(self, n: int) -> None:  # noqa: ARG002 - Twisted's own
        """Give work to the threads that there may be now."""
        self._give()

    def shrink(self, n: int | None = None) -> None:
        """Do nothing: who is above the limit is given nothing more."""

    def quit(self) -> None:
        """Do nothing: work that was begun is finished."""


class ThreadPool(threadpool.ThreadPool):
    """The pool of a reactor."""

    def __init__(self, process: Process) -> None:
        self._pool = _teams_of(process)
        super().__init__(0, _LARGEST, "twisted.internet.reactor")
        self.start()


def _teams_of(process: Process) -> Any:
    return lambda limit, _make_thread: Team(process, limit)


def call_in_thread(  # what Twisted's method takes
    pool: Any,
    on_result: Callable[[bool, Any], object] | None,
    function: Callable[..., object],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    """Do what `callInThreadWithCallback` of a pool does, by the team behind it."""
    if pool.joined:
        return
    team: Team = pool._team  # noqa: SLF001 - Twisted's own
    team.name = pool.name
    name = getattr(function, "__qualname__", type(function).__qualname__)
    around = context.theContextTracker.currentContext().contexts[-1]
    team.call(name, partial(_do, on_result, partial(context.call, around, function, *args, **kwargs)))


def _do(on_result: Callable[[bool, Any], object] | None, function: Callable[[], object]) -> None:
    result: object
    try:
        is_success, result = True, function()
    except (GreenletExit, KeyboardInterrupt):
        raise
    except BaseException:  # noqa: BLE001 - a thread pool hands everything to its caller
        is_success, result = False, Failure()
    if on_result is not None:
        on_result(is_success, result)
    elif not is_success:
        log.err(result)
