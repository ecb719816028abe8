"""A bound on how much is under way at one time, and on how much waits for that.

First come, first served. A waiter may give up at any time; what it waited to do is then never begun. A dead
provider makes many waiters fail at once: they are served in a loop, not each within the one before, which
would end in a stack a thousand frames deep, and a few in each turn of the reactor, which serves others too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from twisted.internet.defer import Deferred, fail, maybeDeferred

from herd.places.failures import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IReactorTime

T = TypeVar("T")

MAX_WAITING: Final = 10_000
"""Calls that wait for their turn: about ten megabytes. More cannot be served before their clients give up."""

_A_TURN: Final = 50
"""Calls that are begun in a row: where they end at once, some five milliseconds."""


class InFlight(Generic[T]):
    """Runs at most `limit` calls at one time."""

    def __init__(self, clock: IReactorTime, limit: int, max_waiting: int = MAX_WAITING) -> None:
        self._clock = clock
        self._limit = limit
        self._max_waiting = max_waiting
        self._busy = 0
        self._waiting: dict[Deferred[None], None] = {}
        self._is_serving = False

    @property
    def busy(self) -> int:
        """How many calls are under way."""
        return self._busy

    def call(self, ask: Callable[[], Deferred[T]]) -> Deferred[T]:
        """Return the outcome of `ask()`, which is called now or when it is its turn."""
        if self._busy < self._limit and not self._waiting:
            return self._run(ask)
        if len(self._waiting) >= self._max_waiting:
            return fail(
                ProviderError("too many questions wait for the places provider", status="OVER_QUERY_LIMIT")
            )
        turn: Deferred[None] = Deferred(lambda turn: self._waiting.pop(turn, None))
        self._waiting[turn] = None
        return turn.addCallback(lambda _: self._run(ask))

    def _run(self, ask: Callable[[], Deferred[T]]) -> Deferred[T]:
        self._busy += 1
        return maybeDeferred(ask).addBoth(self._done)

    def _done(self, outcome: Any) -> Any:
        self._busy -= 1
        if not self._is_serving:
            self._serve()
        return outcome

    def _serve(self) -> None:
        """Begin what waits, as far as there is room, and the rest of a long row in the next turn."""
        self._is_serving = True
        for _ in range(_A_TURN):
            if not self._waiting or self._busy >= self._limit:
                self._is_serving = False
                return
            turn = next(iter(self._waiting))
            del self._waiting[turn]
            turn.callback(None)
        self._clock.callLater(0, self._serve)
