"""When an answer may be sent: what an acknowledgement promises, and who has kept the promise.

Under durability `memory` an answer leaves at once. Under `neighbor` it waits until a neighbor has
acknowledged the record, under `disk` until the journal has committed it. Whoever keeps promises (any one of
the links, or the journal) says up to which *moment* it has everything: moments are numbers that count this
server's answers, so a keeper that covers moment 7 has every record that answers up to the seventh are about.

Waiting answers are released in order, many at once: that is the group commit. One that has waited for too
long is broken, and so are those that a keeper fails: the client then gets a refusal, not a false promise,
and may send its report again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum

from attrs import frozen


class Outcome(Enum):
    """What became of a promise."""

    KEPT = "kept"
    BROKEN = "broken"


@frozen
class _Waiting:
    moment: int
    since_s: float
    release: Callable[[Outcome], None]


class Promises:
    """The answers of one server that wait. Times are seconds of any steady clock."""

    def __init__(self, on_wait: Callable[[], object] = lambda: None) -> None:
        self.on_wait = on_wait
        """Called whenever something waits that did not before."""
        self.moment = 0
        """How many answers have been asked to wait so far."""
        self._waiting: deque[_Waiting] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, release: Callable[[Outcome], None], now_s: float) -> None:
        """Call `release` once: with what became of the promise."""
        self.moment += 1
        self._waiting.append(_Waiting(self.moment, now_s, release))
        self.on_wait()

    def keep(self, moment: int) -> None:
        """Release all answers up to `moment`: a keeper has everything that they are about."""
        while self._waiting and self._waiting[0].moment <= moment:
            self._waiting.popleft().release(Outcome.KEPT)

    def fail(self, moment: int) -> None:
        """Break all promises up to `moment`."""
        while self._waiting and self._waiting[0].moment <= moment:
            self._waiting.popleft().release(Outcome.BROKEN)

    def expire(self, before_s: float) -> None:
        """Break the promises that have waited since `before_s` or longer."""
        while self._waiting and self._waiting[0].since_s <= before_s:
            self._waiting.popleft().release(Outcome.BROKEN)

    @property
    def oldest_s(self) -> float | None:
        """Since when the first answer in the queue has waited."""
        return self._waiting[0].since_s if self._waiting else None
