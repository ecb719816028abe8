"""Places that are asked over a network: how one question passes through the layers, outermost first.

    coalesce   one request for one question, however many ask it
    retry      again after a transient failure, with growing waits
    in flight  at most so many at one time; the others wait for their turn
    breaker    none at all while the provider seems dead
    time limit for one attempt
    ask        the adapter: one HTTP request

The bound stands inside the retries, so that a wait between two tries holds no place. The breaker stands
inside the bound, so that those who waited for a turn at a provider that died meanwhile fail at once. The
finder's time limit for the whole stands outside of all of it, and queueing counts against that.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from zope.interface import implementer

from herd.places.interfaces import IPlaces
from herd.places.options import Option, is_base_url, is_in_flight, is_seconds, is_text
from herd.places.resilience.breaker import Breaker
from herd.places.resilience.coalesce import Coalesce
from herd.places.resilience.in_flight import InFlight
from herd.places.resilience.retry import Retry
from herd.places.resilience.time_limit import within

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from herd.places.interfaces import Answer, Question, Surroundings

_ATTEMPT_SHARE: Final = 0.4
"""One attempt's share of the whole time, unless `attempt_timeout_s` says otherwise: two fit, with a wait
between."""

NETWORK_OPTIONS: Final = {
    "base_url": Option("the beginning of an address: http or https, no password, no query", is_base_url),
    "attempt_timeout_s": Option("a number of seconds above 0", is_seconds),
    "in_flight": Option("a whole number from 1 to 1024", is_in_flight),
}
"""What every provider on a network takes."""

KEY_OPTIONS: Final = {
    "key_env": Option("the name of an environment variable that holds the key", is_text),
    "key_file": Option("the path of a file that holds the key", is_text),
}
"""What a provider takes that wants a key."""


@implementer(IPlaces)
class NetworkPlaces:
    """An adapter's `ask`, made fit for a network that fails."""

    def __init__(
        self,
        ask: Callable[[Question], Coroutine[Deferred[Any], Any, Answer]],
        close: Callable[[], Deferred[None]],
        options: Mapping[str, Any],
        surroundings: Surroundings,
    ) -> None:
        self._ask = ask
        self._close = close
        self._clock = surroundings.reactor
        self._attempt_timeout_s = float(
            options.get("attempt_timeout_s", surroundings.timeout_s * _ATTEMPT_SHARE)
        )
        self._coalesce = Coalesce(self._with_retries)
        self._retry = Retry(self._clock, surroundings.random)
        limit = int(options.get("in_flight", surroundings.in_flight))
        self._in_flight: InFlight[Answer] = InFlight(self._clock, limit)
        self._breaker = Breaker(self._clock)

    def near(self, question: Question) -> Deferred[Answer]:
        """Ask the provider, unless the same question is under way."""
        return self._coalesce.call(question)

    def close(self) -> Deferred[None]:
        """Close connections."""
        return self._close()

    def _with_retries(self, question: Question) -> Deferred[Answer]:
        return self._retry.call(partial(self._in_turn, question))

    def _in_turn(self, question: Question) -> Deferred[Answer]:
        return self._in_flight.call(partial(self._breaker.call, partial(self._attempt, question)))

    def _attempt(self, question: Question) -> Deferred[Answer]:
        return within(self._clock, self._attempt_timeout_s, Deferred.fromCoroutine(self._ask(question)))
