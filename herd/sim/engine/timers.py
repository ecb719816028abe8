"""Delayed calls: a reactor's timers, as events in virtual time.

Twisted's reactors take the time from the wall clock, unless a program gives them another one
(`reactor.seconds = time.monotonic`). So a clock that is stepped moves every timer of its host: `reschedule`
does that here.
"""

from __future__ import annotations

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from zope.interface import implementer

from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.native import PlainTimer
from herd.sim.engine.pins.hashes import numbered_hash
from herd.sim.engine.plaintimer import TURN_NS


@implementer(IDelayedCall)
class DelayedCall(PlainTimer):
    """One timer of one process."""

    __slots__ = ("__weakref__", "hash_number")
    __hash__ = numbered_hash
    already_called = AlreadyCalled

    def _check(self) -> None:
        if self.state is not None:
            raise self.state

    def cancel(self) -> None:
        """Never run; `AlreadyCalled` or `AlreadyCancelled` if it is too late."""
        self._check()
        self.end(AlreadyCancelled)
        self.process.simulation.purge()

    def delay(self, secondsLater: float) -> None:
        """Run so much later than planned."""
        self._move(self.local_ns + round(secondsLater * NS_PER_S))

    def reset(self, secondsFromNow: float) -> None:
        """Run in so many seconds from now."""
        self._move(self.process.reactor.local_ns() + round(secondsFromNow * NS_PER_S))

    def _move(self, local_ns: int) -> None:
        self._check()
        self.local_ns = local_ns
        process = self.process
        wait_ns = local_ns - process.reactor.local_ns()
        due_ns = process.simulation.now_ns + max(process.clock.true_ns(wait_ns), 0) + TURN_NS
        if due_ns >= self.due_ns:
            self.due_ns = due_ns  # the entry that stands there comes early, and sees it
        else:
            self.schedule(wait_ns)

    def reschedule(self) -> None:
        """Take note that the host's clock has been set."""
        if self.state is None:
            self.schedule(self.local_ns - self.process.reactor.local_ns())

    def active(self) -> bool:
        """Tell whether it will run."""
        return self.state is None

    def getTime(self) -> float:
        """Return the time of the host's clock at which it is due."""
        return self.local_ns / NS_PER_S
