"""A pool: children that do one numbered try after another, so that a fork is not paid for each.

A fork costs the pages that its child writes to: a third of a short run. So a child stays for some tries, and
makes room for a fresh one then. What dies with a child, by a crash or by the time limit, is the try that it
was at, and that alone.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import struct
import time
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, frozen

from herd.sim.explore.children import Ended, described

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from herd.sim.explore.children import Tell, Work
    from herd.sim.explore.crew import Crew

    Make = Callable[[int], Work]

TURNS: Final = 64
"""Tries of one child: the first costs a third more than the others, which is little among so many."""

_NUMBER: Final = struct.Struct("!q")


@frozen
class Try:
    """A try that has ended."""

    number: int
    ended: Ended
    before: int
    """How many tries its process had done before."""
    is_last: bool
    """Whether its process does no more."""


@define
class _Worker:
    """A child of the pool, as its parent knows it."""

    key: int
    orders: int
    """The end of a pipe that takes the numbers of its tries."""
    number: int = -1
    """Its try, or the last one."""
    is_idle: bool = True
    done: int = 0
    cpu_s: float = 0.0
    """Processor time of the tries that it has done."""


class Pool:
    """Children of a crew that do `work_of(number)` for each number that is started, `turns` of them each."""

    def __init__(self, crew: Crew[int], work_of: Make, turns: int = TURNS) -> None:
        self._crew = crew
        self._work_of = work_of
        self._turns = turns
        self._workers: dict[int, _Worker] = {}
        self._last_key = 0

    @property
    def has_room(self) -> bool:
        """Whether another try may start."""
        return self._crew.has_room or any(each.is_idle for each in self._workers.values())

    def start(self, number: int) -> None:
        """Have a try done, by a child that is free or by a new one."""
        idle = next((each for each in self._workers.values() if each.is_idle), None)
        self._order(idle or self._fork(), number)

    def start_afresh(self, number: int) -> None:
        """Have a try that has ended done again, by a new child in the place of the one that did it."""
        self.drop(number)
        self._order(self._fork(), number)

    def drop(self, number: int) -> None:
        """Give up a try, and the child that does it or that did it last."""
        for worker in [each for each in self._workers.values() if each.number == number]:
            self._end(worker)

    def wait(self) -> list[Try]:
        """Wait a moment; return the tries that have ended."""
        news, over = self._crew.wait()
        tries = [self._done(self._workers[key], ended) for key, ended in news]
        for key, ended in over:
            worker = self._workers.pop(key)
            os.close(worker.orders)
            if not worker.is_idle:
                rest = evolve(ended, cpu_s=max(ended.cpu_s - worker.cpu_s, 0.0))
                tries.append(Try(worker.number, rest, worker.done, is_last=True))
        for worker in [each for each in self._workers.values() if each.done >= self._turns]:
            self._end(worker)
        return tries

    def _order(self, worker: _Worker, number: int) -> None:
        worker.number = number
        worker.is_idle = False
        self._crew.renew(worker.key)
        with contextlib.suppress(BrokenPipeError):  # it is dead, and `wait` will hear of that
            os.write(worker.orders, _NUMBER.pack(number))

    def _done(self, worker: _Worker, ended: Ended) -> Try:
        """Note that a child has done its try."""
        before = worker.done
        worker.done += 1
        worker.cpu_s += ended.cpu_s
        worker.is_idle = True
        return Try(worker.number, ended, before, is_last=worker.done >= self._turns)

    def _fork(self) -> _Worker:
        """Return a new child, which is free."""
        reader, orders = os.pipe()
        self._last_key += 1
        key = self._last_key
        # Its sisters' pipes come along. Held there, they would not tell a sister of the parent's end.
        others = [orders, *(each.orders for each in self._workers.values())]
        self._crew.start(key, _serving(reader, others, self._work_of, self._crew.limit_s))
        os.close(reader)
        worker = self._workers[key] = _Worker(key, orders)
        return worker

    def _end(self, worker: _Worker) -> None:
        del self._workers[worker.key]
        os.close(worker.orders)
        self._crew.drop(worker.key)


def _serving(orders: int, others: Iterable[int], work_of: Make, limit_s: float) -> Work:
    """Return what a child does: each try that it is told, until nobody can tell it more."""

    def serve(tell: Tell) -> None:
        for each in others:
            os.close(each)
        while True:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            order = os.read(orders, _NUMBER.size)
            if not order:
                return
            (number,) = _NUMBER.unpack(order)
            signal.setitimer(signal.ITIMER_REAL, limit_s)
            _do(work_of(number), tell)
            gc.freeze()  # what a run has imported and cached stays: the next one's collection need not see it

    return serve


def _do(work: Work, tell: Tell) -> None:
    """Do one piece of work, and tell what became of it."""
    began_s, cpu_s = time.monotonic(), time.process_time()

    def spent() -> dict[str, Any]:
        return {"real_s": time.monotonic() - began_s, "cpu_s": time.process_time() - cpu_s}

    try:
        value = work(lambda _: None)
        tell(Ended(value, **spent()))
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent is told
        tell(Ended(None, *described(error), **spent()))
