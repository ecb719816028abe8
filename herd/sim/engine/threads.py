"""Threads that are none: work runs inline, as one event, at a moment drawn from the seed.

So whatever a program hands to a thread (a disk's write, a look-up) takes time, others run meanwhile, a crash
may come first, and yet nothing ever runs at once with something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.python.failure import Failure

from herd.sim.engine import trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process


class ThreadPool:
    """Twisted's interface of a thread pool, for one process."""

    min = 0
    name = "simulated"
    started = True
    joined = False

    def __init__(self, process: Process) -> None:
        self.max = 10
        self._process = process
        self._free_ns = [0] * self.max
        self.threads: list[Any] = []
        self.waiters: list[Any] = []
        self.working: list[Any] = []

    def callInThread(self, func: Callable[..., Any], *args: Any, **kw: Any) -> None:
        """Run a function in a thread."""
        self.callInThreadWithCallback(None, func, *args, **kw)

    def callInThreadWithCallback(
        self, onResult: Callable[[bool, Any], Any] | None, func: Callable[..., Any], *args: Any, **kw: Any
    ) -> None:
        """Run a function in a thread, and there `onResult(success, result or Failure)`."""
        process = self._process
        simulation = process.simulation
        stream = simulation.chance.stream(f"threads {process.host.name}")
        # A pool has so many threads: work waits for the one that is free first.
        thread = min(range(len(self._free_ns)), key=self._free_ns.__getitem__)
        begin_ns = max(simulation.now_ns, self._free_ns[thread])
        self._free_ns[thread] = begin_ns + process.host.thread_delays[-1].draw_ns(stream)
        simulation.schedule(self._free_ns[thread], process, self._work, (onResult, func, args, kw))

    def _work(
        self,
        on_result: Callable[[bool, Any], Any] | None,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        name = getattr(function, "__qualname__", type(function).__qualname__)
        self._process.host.record(trace.THREAD, None, 0, 0, name.encode())
        if on_result is None:
            function(*args, **kwargs)
            return
        try:
            result = function(*args, **kwargs)
        except BaseException:  # noqa: BLE001 - a thread pool hands everything to its caller
            on_result(False, Failure())  # noqa: FBT003 - Twisted's own
        else:
            on_result(True, result)  # noqa: FBT003 - likewise

    def adjustPoolsize(self, minthreads: int | None = None, maxthreads: int | None = None) -> None:
        """Have more threads, or fewer."""
        if minthreads is not None:
            self.min = minthreads
        if maxthreads is not None:
            self.max = maxthreads
            self._free_ns = (self._free_ns + [0] * maxthreads)[: max(maxthreads, 1)]

    def start(self) -> None:
        """Do nothing: there is nothing to start."""

    def stop(self) -> None:
        """Do nothing: work that was begun is finished."""

    def startAWorker(self) -> None:
        """Do nothing."""

    def stopAWorker(self) -> None:
        """Do nothing."""
