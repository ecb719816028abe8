"""How far a link has been read, and how far that may be acknowledged.

A record from too far in the future is refused: its origin's clock is wrong, or ours is. Whoever sent it must
not be told that we have it, as answers may wait for that word. So acknowledgements stop in front of it, for
as long as such an answer may wait. And as a record of the future is one of the past some day, or when
somebody has set a clock right, caches are compared again some time later: then it is sent once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from herd.core.limits import Limits

_AGAIN_S: Final = 0.001
"""How long each refused record puts off the next comparison: a server whose clock is wrong refuses all that
there is, and must not have its neighbors send all of it again and again."""


class Receipts:
    """The records read on one link. Times are seconds of any steady clock."""

    def __init__(self, limits: Limits) -> None:
        self.received = 0
        """Records read, taken or not."""
        # Twice as long as promises last: servers look at them now and then only, and by clocks that drift.
        self._wait_s = 2 * limits.promise_timeout_s
        self._again_s = limits.reconnect_max_s
        self._refused = 0
        """Records refused since caches were last compared because of that."""
        self._stop: int | None = None
        """How many had been read before the chunk with the first that was refused; None: all may be
        acknowledged."""
        self._first_s = self._last_s = 0.0

    def take(self, count: int, refused: int, now_s: float) -> None:
        """Count records that came together, and those of them that were refused."""
        if refused:
            if not self._refused:
                self._first_s = now_s
            if self._stop is None:
                self._stop = self.received
            self._refused += refused
            self._last_s = now_s
        self.received += count

    def acknowledged(self, now_s: float) -> int:
        """Return how many records the neighbor may be told that we have."""
        if self._stop is not None and now_s > self._last_s + self._wait_s:
            self._stop = None
        return self.received if self._stop is None else self._stop

    def is_due(self, now_s: float) -> bool:
        """Tell whether what was refused should be asked for again by now."""
        return self._refused > 0 and now_s >= self._first_s + max(self._again_s, _AGAIN_S * self._refused)

    def ask_again(self) -> None:
        """Note that it is being asked for."""
        self._refused = 0
