"""Delayed calls: a reactor's timers, as events in virtual time.

Twisted's reactors take the time from the wall clock, unless a program gives them another one
(`reactor.seconds = time.monotonic`). So a clock that is stepped moves every timer of its host: `reschedule`
does that here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from herd.sim.engine import trace
from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.pins.hashes import numbered_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process

TURN_NS = 1_000
"""How late a timer is, and how long a turn of a reactor takes."""


@implementer(IDelayedCall)
class DelayedCall:
    """One timer of one process."""

    __slots__ = (
        "__weakref__",
        "_args",
        "_due_ns",
        "_entries",
        "_function",
        "_kwargs",
        "_local_ns",
        "_number",
        "_process",
        "_state",
        "hash_number",
    )
    __hash__ = numbered_hash

    def __init__(  # noqa: PLR0913, PLR0917 - only a reactor makes them
        self,
        process: Process,
        number: int,
        delay: float,
        function: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self._process = process
        self._number = number
        self._function: Callable[..., object] | None = function
        self._args = args
        self._kwargs = kwargs
        self._state: type[Exception] | None = None
        wait_ns = round(delay * NS_PER_S)
        self._local_ns = process.reactor.local_ns() + wait_ns
        self._entries = 0
        self._schedule(wait_ns)

    def _schedule(self, wait_ns: int) -> None:
        """Have the queue look at it when it is due: in so much time of the host's clock."""
        process = self._process
        simulation = process.simulation
        self._due_ns = simulation.now_ns + max(process.host.clock.true_ns(wait_ns), 0) + TURN_NS
        self._entries += 1
        simulation.schedule(self._due_ns, process, self._come, ())

    def _come(self) -> None:
        """Run if it is time; a call that was put off waits for its later entry."""
        self._entries -= 1
        process = self._process
        simulation = process.simulation
        function = self._function
        if function is None or simulation.now_ns < self._due_ns:
            simulation.events -= 1
            if function is not None and not self._entries:
                self._entries = 1
                simulation.schedule(self._due_ns, process, self._come, ())
            return
        args, kwargs = self._args, self._kwargs
        self._end(AlreadyCalled)
        if simulation.trace is not None:
            name = getattr(function, "__qualname__", None) or type(function).__qualname__
            process.host.record(trace.TIMER, None, 0, 0, name.encode())
        function(*args, **kwargs)

    def _end(self, state: type[Exception]) -> None:
        self._state = state
        self._function = None
        self._args = ()
        self._kwargs = {}
        self._process.reactor.timers.pop(self._number, None)

    def _check(self) -> None:
        if self._state is not None:
            raise self._state

    def cancel(self) -> None:
        """Never run; `AlreadyCalled` or `AlreadyCancelled` if it is too late."""
        self._check()
        self._end(AlreadyCancelled)
        self._process.simulation.purge()

    def delay(self, secondsLater: float) -> None:
        """Run so much later than planned."""
        self._move(self._local_ns + round(secondsLater * NS_PER_S))

    def reset(self, secondsFromNow: float) -> None:
        """Run in so many seconds from now."""
        self._move(self._process.reactor.local_ns() + round(secondsFromNow * NS_PER_S))

    def _move(self, local_ns: int) -> None:
        self._check()
        self._local_ns = local_ns
        process = self._process
        wait_ns = local_ns - process.reactor.local_ns()
        due_ns = process.simulation.now_ns + max(process.host.clock.true_ns(wait_ns), 0) + TURN_NS
        if due_ns >= self._due_ns:
            self._due_ns = due_ns  # the entry that stands there comes early, and sees it
        else:
            self._schedule(wait_ns)

    def reschedule(self) -> None:
        """Take note that the host's clock has been set."""
        if self._state is None:
            self._schedule(self._local_ns - self._process.reactor.local_ns())

    def active(self) -> bool:
        """Tell whether it will run."""
        return self._state is None

    def getTime(self) -> float:
        """Return the time of the host's clock at which it is due."""
        return self._local_ns / NS_PER_S

    @property
    def is_idle(self) -> bool:
        """Whether its entries in the queue are for nothing."""
        return self._function is None
