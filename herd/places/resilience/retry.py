"""Ask again where that may help, and wait longer each time.

Only a transient failure (a timeout, "too many requests", a server's own error) is worth another try; a
refusal will be refused again. The waits double, and each is drawn between half of itself and all of it, so
that many who failed together do not come back together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from herd.places.failures import ProviderError

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from twisted.internet.interfaces import IReactorTime

T = TypeVar("T")

ATTEMPTS: Final = 3
"""Tries for one question, the first included. More would seldom fit into five seconds."""

FIRST_WAIT_S: Final = 0.2
"""The longest wait before the second try: a few round trips, and little of the client's patience."""

LONGEST_WAIT_S: Final = 2.0
"""A provider that asks us to wait longer than this gets no more tries for this question."""


class Retry:
    """Calls something until it succeeds, fails for good, or has failed often enough."""

    def __init__(self, clock: IReactorTime, random: random.Random, attempts: int = ATTEMPTS) -> None:
        self._clock = clock
        self._random = random
        self._attempts = attempts

    def call(self, ask: Callable[[], Deferred[T]]) -> Deferred[T]:
        """Return what `ask()` gives in the end; cancelling ends the current try, or the wait for the next."""
        return Deferred.fromCoroutine(self._call(ask))

    async def _call(self, ask: Callable[[], Deferred[T]]) -> T:
        for attempt in range(1, self._attempts):
            try:
                return await ask()
            except ProviderError as failure:
                wait_s = max(self._draw_wait_s(attempt), failure.retry_after_s)
                if not failure.transient or wait_s > LONGEST_WAIT_S:
                    raise
            await deferLater(self._clock, wait_s)
        return await ask()

    def _draw_wait_s(self, attempt: int) -> float:
        longest_s = min(FIRST_WAIT_S * 2.0 ** (attempt - 1), LONGEST_WAIT_S)
        return self._random.uniform(longest_s / 2, longest_s)
