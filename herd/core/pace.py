"""How fast one connection may be answered: a leaky bucket that never spills.

Every command costs a moment of the connection's time. One that is ahead has to wait; one that was idle has
saved up a second at most, so a burst passes unhindered.
"""

from __future__ import annotations

from typing import Final

_SAVED_S: Final = 1.0


class Pace:
    """The pace of one connection. Times are seconds of any steady clock."""

    def __init__(self, per_s: float) -> None:
        self._each_s = 1 / per_s
        self._paid_until_s = float("-inf")

    def take(self, count: int, now_s: float) -> float:
        """Spend the time of `count` commands; return how long to wait before the next one."""
        paid_until_s = self._paid_until_s
        if paid_until_s < now_s - _SAVED_S:  # noqa: PLR1730 - max() costs several times as much, at every chunk
            paid_until_s = now_s - _SAVED_S
        self._paid_until_s = paid_until_s = paid_until_s + count * self._each_s
        return paid_until_s - now_s if paid_until_s > now_s else 0.0
