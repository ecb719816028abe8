"""Stop asking a dead provider for a while.

Closed, the breaker lets every call through and counts failures in a row. At the bound it opens: calls fail at
once, which spares the client its wait and the provider a crowd. After a rest one call goes through as a probe
(half open): if it succeeds the breaker closes, if it fails it rests again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.logger import Logger

from herd.places.failures import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IReactorTime
    from twisted.python.failure import Failure

T = TypeVar("T")

FAILURES: Final = 5
"""Failures in a row that open the breaker: two questions with all their tries, not one with bad luck."""

REST_S: Final = 10.0
"""How long an open breaker rests: a restarted provider is found soon, a dead one costs a call in ten
seconds."""


class Breaker:
    """Lets calls through, or fails them at once."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, failures: int = FAILURES, rest_s: float = REST_S) -> None:
        self._clock = clock
        self._bound = failures
        self._rest_s = rest_s
        self._failures = 0
        self._rests_until_s: float | None = None
        self._is_probing = False
        self._status = "UNKNOWN_ERROR"

    @property
    def is_open(self) -> bool:
        """Whether the provider is taken for dead."""
        return self._rests_until_s is not None

    def call(self, ask: Callable[[], Deferred[T]]) -> Deferred[T]:
        """Return the outcome of `ask()`, or a `ProviderError` at once."""
        if self._rests_until_s is None:
            return ask().addCallbacks(self._succeeded, self._failed, errbackKeywords={"is_probe": False})
        left_s = self._rests_until_s - self._clock.seconds()
        if left_s > 0 or self._is_probing:
            return fail(
                ProviderError(
                    f"the places provider failed {self._failures} times in a row and is left alone now",
                    status=self._status,
                )
            )
        self._is_probing = True
        return ask().addCallbacks(self._succeeded, self._failed, errbackKeywords={"is_probe": True})

    def _succeeded(self, result: T) -> T:
        if self.is_open:
            self._log.info("the places provider answers again")
        self._failures = 0
        self._rests_until_s = None
        self._is_probing = False
        return result

    def _failed(self, failure: Failure, *, is_probe: bool) -> Failure:
        if is_probe:
            self._is_probing = False
        if failure.check(CancelledError):
            return failure  # nobody waited for the end: that says nothing of the provider
        self._failures += 1
        if isinstance(failure.value, ProviderError):
            self._status = failure.value.status
        if is_probe or (self._failures >= self._bound and not self.is_open):
            self._rests_until_s = self._clock.seconds() + self._rest_s
            self._log.warn(
                "the places provider failed {failures} times in a row and is left alone for {rest_s} s",
                failures=self._failures,
                rest_s=self._rest_s,
            )
        return failure
