"""A clock with turns, as a reactor has them."""

from __future__ import annotations

from twisted.internet.task import Clock


class TurningClock(Clock):
    """Twisted's clock for tests, but that a call which is made for now is made in the next turn.

    `Clock` would make it in the same one, so that work which gives way to others would never be seen to.
    """

    def advance(self, amount: float) -> None:
        """Let time pass, in seconds, and take one turn: make the calls that are due by then."""
        self.rightNow += amount
        for call in sorted(self.calls, key=lambda call: call.getTime()):
            if call.active() and call.getTime() <= self.rightNow:
                self.calls.remove(call)
                call.called = 1
                call.func(*call.args, **call.kw)

    @property
    def is_due(self) -> bool:
        """Tell whether the next turn has something to do, though no time passes."""
        return any(call.getTime() <= self.rightNow for call in self.calls)

    def turns(self, most: int = 10_000) -> None:
        """Take turns until there is nothing left to do now."""
        for _ in range(most):
            if not self.is_due:
                return
            self.advance(0)
        raise AssertionError(f"after {most} turns there is still something to do")
