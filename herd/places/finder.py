"""What a server asks for places: it always answers, in time, and in the bytes that a client gets.

The finder stands around whichever provider was configured. It looks the provider up among the plugins, keeps
the time limit of the whole question, and makes an answer of whatever goes wrong, so that nobody above it
needs to know of failures. Where the provider knows the answer at once, so does the finder: no turn of the
reactor is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred, succeed
from twisted.logger import Logger
from twisted.plugin import getPlugins

import herd.plugins
from herd.core.errors import ConfigError, HerdError
from herd.places.answers import refused, render
from herd.places.failures import ProviderError
from herd.places.interfaces import IPlacesProvider
from herd.places.options import did_you_mean
from herd.places.resilience.time_limit import within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.internet.interfaces import IReactorTime
    from twisted.python.failure import Failure

    from herd.places.interfaces import Answer, IPlaces, Question, Surroundings

_GOOD: Final = frozenset({"OK", "ZERO_RESULTS"})


def providers() -> dict[str, IPlacesProvider]:
    """Return every provider that is installed, by name, sorted."""
    by_name: dict[str, IPlacesProvider] = {}
    for plugin in getPlugins(IPlacesProvider, herd.plugins):
        by_name.setdefault(plugin.name, plugin)
    return dict(sorted(by_name.items()))


def check_provider(name: str, options: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with this provider's name or options, a line each; nothing is opened.

    A line about an option begins with its name: `key_evn: there is no such option, did you mean ...`.
    """
    known = providers()
    return known[name].check(options) if name in known else [_unknown(name, known)]


def open_finder(
    provider_name: str, options: Mapping[str, Any], surroundings: Surroundings, timeout_s: float
) -> Finder:
    """Open the provider; questions take `timeout_s` at most. A `ConfigError` says what is missing."""
    known = providers()
    if provider_name not in known:
        raise ConfigError([f"places.provider: {_unknown(provider_name, known)}"])
    surroundings = evolve(surroundings, timeout_s=timeout_s)
    return Finder(known[provider_name].open(options, surroundings), surroundings.reactor, timeout_s)


def _unknown(name: str, known: Mapping[str, IPlacesProvider]) -> str:
    return f"there is no provider {name!r}{did_you_mean(name, known)}"


class Finder:
    """Open places that never fail."""

    _log = Logger()

    def __init__(self, places: IPlaces, clock: IReactorTime, timeout_s: float) -> None:
        self._places = places
        self._clock = clock
        self._timeout_s = timeout_s
        self._under_way: dict[Deferred[bytes], None] = {}
        self._trouble = ""

    def find(self, question: Question) -> Deferred[bytes]:
        """Return the JSON text of the answer, without a newline at its end.

        It never fails: a timeout, a refusal, a fault of the provider or of ours, and a cancellation all
        become an answer with empty `results`, Google's `status`, and an `error_message` without any key. A
        bound of 0 is answered without asking.
        """
        if question.bound <= 0:
            return succeed(render({"html_attributions": [], "results": [], "status": "OK"}, 0))
        asked = within(self._clock, self._timeout_s, maybeDeferred(self._places.near, question))
        answer = asked.addCallback(self._written, question.bound).addErrback(self._explained)
        if not answer.called:
            self._under_way[answer] = None
            answer.addBoth(self._done, answer)
        return answer

    def close(self) -> Deferred[None]:
        """Answer what is still under way as withdrawn, and close the provider."""
        for answer in list(self._under_way):
            answer.cancel()
        return maybeDeferred(self._places.close)

    def _done(self, text: bytes, answer: Deferred[bytes]) -> bytes:
        self._under_way.pop(answer, None)
        return text

    def _written(self, answer: Answer, bound: int) -> bytes:
        text = render(answer, bound)
        self._note("" if answer["status"] in _GOOD else answer.get("error_message", answer["status"]))
        return text

    def _explained(self, failure: Failure) -> bytes:
        if failure.check(CancelledError):
            return render(refused("UNKNOWN_ERROR", "the question was withdrawn before its answer came"), 0)
        if failure.check(HerdError):
            status = failure.value.status if isinstance(failure.value, ProviderError) else "UNKNOWN_ERROR"
            message = str(failure.value)
        else:
            self._log.failure("the places provider failed in an unexpected way", failure)
            status, message = "UNKNOWN_ERROR", "the places provider failed; the server's log says more"
        self._note(message)
        return render(refused(status, message), 0)

    def _note(self, trouble: str) -> None:
        """Log a trouble when it begins, changes or ends: not once for every question."""
        if trouble != self._trouble:
            self._trouble = trouble
            if trouble:
                self._log.warn("no places: {trouble}", trouble=trouble)
            else:
                self._log.info("places are found again")
