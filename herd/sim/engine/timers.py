"""Delayed calls: a reactor's timers, as events in virtual time.

Twisted's reactors take the time from the wall clock, unless a program gives them another one
(`reactor.seconds = time.monotonic`). So a clock that is stepped moves every timer of its host: `reschedule`
does that here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.error import AlreadyCalled, AlreadyCancelled
from twisted.internet.interfaces import IDelayedCall
from twisted.python.reflect import safe_repr
from zope.interface import implementer

from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.native import PlainTimer
from herd.sim.engine.pins.hashes import numbered_hash
from herd.sim.engine.plaintimer import LONGEST_S, TURN_NS

if TYPE_CHECKING:
    from collections.abc import Callable

_LAST_NS: Final = 8_000_000_000 * NS_PER_S
"""The last time of a clock that a timer is due at, in nanoseconds since 1970."""


def _in_ns(seconds: float) -> int:
    return round(max(min(seconds, LONGEST_S), -LONGEST_S) * NS_PER_S)


@implementer(IDelayedCall)
class DelayedCall(PlainTimer):
    """One timer of one process.

    It has the attributes of Twisted's own that programs look at. What was called or cancelled lets go of its
    function.
    """

    __slots__ = ("__weakref__", "hash_number")
    __hash__ = numbered_hash
    already_called = AlreadyCalled
    debug: Final = False
    creator: Final = None
    delayed_time: Final = 0.0

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
        self._move(self.local_ns + _in_ns(secondsLater))

    def reset(self, secondsFromNow: float) -> None:
        """Run in so many seconds from now."""
        self._move(self.process.reactor.local_ns() + _in_ns(secondsFromNow))

    def _move(self, local_ns: int) -> None:
        self._check()
        self.local_ns = local_ns = max(-_LAST_NS, min(local_ns, _LAST_NS))
        process = self.process
        wait_ns = local_ns - process.reactor.local_ns()
        true_ns = min(max(process.clock.true_ns(wait_ns), 0), LONGEST_S * NS_PER_S)
        due_ns = process.simulation.now_ns + true_ns + TURN_NS
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

    # What Twisted's own has besides.

    @property
    def func(self) -> Callable[..., object]:
        """What is to be called; an AttributeError when it was, or will not be."""
        if self.function is None:
            raise AttributeError("a delayed call that was called or cancelled has no func")
        return self.function

    @property
    def args(self) -> tuple[Any, ...]:
        """What it is to be called with; likewise."""
        _ = self.func
        return self._args

    @property
    def kw(self) -> dict[str, Any]:
        """What it is to be called with by name; likewise."""
        _ = self.func
        return self._kwargs

    @property
    def time(self) -> float:
        """The time of the host's clock at which it is due."""
        return self.getTime()

    @property
    def seconds(self) -> Callable[[], float]:
        """What tells the time."""
        return self.process.reactor.seconds

    @property
    def called(self) -> int:
        """1 if it was called."""
        return int(self.state is AlreadyCalled)

    @property
    def cancelled(self) -> int:
        """1 if it was cancelled."""
        return int(self.state is AlreadyCancelled)

    def __lt__(self, other: DelayedCall) -> bool:
        return self.local_ns < other.local_ns

    def __le__(self, other: DelayedCall) -> bool:
        return self.local_ns <= other.local_ns

    def __repr__(self) -> str:
        told = ""
        if self.function is not None:
            name = getattr(self.function, "__qualname__", None) or safe_repr(self.function)
            named = [f"{key}={safe_repr(each)}" for key, each in self._kwargs.items()]
            told = f" {name}({', '.join([*map(safe_repr, self._args), *named])})"
        wait_s = self.time - self.seconds()
        state = f"called={self.called} cancelled={self.cancelled}"
        return f"<DelayedCall 0x{self.number:x} [{wait_s}s] {state}{told}>"
