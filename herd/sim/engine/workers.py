"""Threads of a hosted program: what one does runs in a greenlet, and may wait there.

Never does anything run at once with something else: a thread that waits (for a time, a lock, a queue) stands
still, the loop goes on, and an event of the process brings it back. Each has an identity, as a thread has:
a `threading.Thread`, a number, what Twisted's `context` keeps.
"""

from __future__ import annotations

import threading
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakKeyDictionary

from greenlet import getcurrent
from twisted.python import context

from herd.sim.engine.parking import Parked, leave_if_ended
from herd.sim.engine.plaintimer import TURN_NS

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process

_NS_PER_S: Final = 1_000_000_000
_PER_PROCESS: Final = 1 << 16
_threads: Final[WeakKeyDictionary[Process, list[Thread]]] = WeakKeyDictionary()
"""Those of each process, its main one first."""
_tracker: Final = cast("Any", context.theContextTracker)


class Thread(threading.Thread):
    """What `threading.current_thread()` returns in a hosted program. It is alive, and nobody starts it."""

    def __init__(self, process: Process, name: str) -> None:
        super().__init__(name=name, daemon=False)
        there = _threads.setdefault(process, [])
        self._number = process.pid * _PER_PROCESS + len(there)
        there.append(self)

    @property
    def ident(self) -> int:
        """Its number: the same at each run."""
        return self._number

    @property
    def native_id(self) -> int:
        """Likewise."""
        return self._number

    def is_alive(self) -> bool:
        """Tell that it is."""
        return True


class Worker(Parked):
    """The greenlet in which a thread does its work, one piece after the other.

    Between two pieces it knows nobody: a greenlet that is begun cannot be collected in a cycle.
    """

    thread: Thread

    def __init__(self) -> None:
        super().__init__(_work_on)
        self.gr_context = Context()
        self._tracker = context.ContextTracker()
        self.switch()  # until it waits for work: a greenlet keeps what it is begun with

    def do(self, process: Process, thread: Thread, work: Callable[[], object]) -> None:
        """Do a piece of work, until it ends or waits."""
        self.process = process
        self.thread = thread
        self.parent = getcurrent()
        outside, _tracker.storage.ct = _tracker.currentContext(), self._tracker
        try:
            self.switch(work)
        finally:
            _tracker.storage.ct = outside

    def go_on(self) -> None:
        """Go on, until it ends or waits."""
        outside, _tracker.storage.ct = _tracker.currentContext(), self._tracker
        try:
            super().go_on()
        finally:
            _tracker.storage.ct = outside

    def rest(self) -> None:
        """Forget whose work was done."""
        del self.process, self.thread


def _work_on() -> None:
    while True:
        cast("Any", getcurrent().parent).switch()()
        cast("Worker", getcurrent()).rest()


def running(process: Process) -> Worker | None:
    """Return what runs now, if it is work in a thread; None in the thread of the reactor."""
    here = getcurrent()
    return here if isinstance(here, Worker) and here.process is process else None


def current_thread(process: Process) -> Thread:
    """Return the thread that runs now."""
    worker = running(process)
    return main_thread(process) if worker is None else worker.thread


def main_thread(process: Process) -> Thread:
    """Return the thread of the reactor."""
    there = _threads.get(process)
    return there[0] if there else Thread(process, "MainThread")


def all_threads(process: Process) -> list[Thread]:
    """Return all threads of a process, its main one first."""
    main_thread(process)
    return list(_threads[process])


class Wait:
    """One wait of the work that runs now: until `end` is called, or the time is over."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._is_over = False
        self._is_late = False

    def hold(self, timeout_s: float | None) -> bool:
        """Stand still; tell whether `end` was called in time.

        The time is that of the host's clock, and as late as a timer: who spins makes time pass.
        """
        process = self._worker.process
        leave_if_ended(process)
        if timeout_s is not None:
            simulation = process.simulation
            wait_ns = process.clock.true_ns(round(timeout_s * _NS_PER_S)) + TURN_NS
            simulation.schedule(simulation.now_ns + wait_ns, process, self._be_late)
        self._worker.stand_still()
        return not self._is_late

    def end(self) -> bool:
        """Let it go on, in an event of its own; tell whether it has waited until now."""
        if self._is_over:
            return False
        self._is_over = True
        simulation = self._worker.process.simulation
        simulation.schedule(simulation.now_ns, self._worker.process, self._worker.go_on)
        return True

    def _be_late(self) -> None:
        if not self._is_over:
            self._is_over = self._is_late = True
            self._worker.go_on()
