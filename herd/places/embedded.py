"""The provider `embedded`: the gazetteer in the wheel; no key, no network, no set-up.

With the index built, which `herd up`, `herd places build` and the image see to, a question is answered at
once. A server that starts without it builds it in a thread, so that its reactor goes on; questions wait
meanwhile.
"""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from zope.interface import implementer

from herd.core.errors import ConfigError, HerdError
from herd.places.failures import ProviderError
from herd.places.gazetteer import TABLE
from herd.places.index import Index, Stopped, build_index, find_index
from herd.places.interfaces import IPlaces
from herd.places.options import check_options
from herd.places.tree import Tree
from herd.places.tree_places import TreePlaces

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from twisted.python.failure import Failure

    from herd.places.interfaces import Answer, Question, Surroundings


def check(options: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the options: there are none to give."""
    return check_options(options, {})


def open_places(options: Mapping[str, Any], surroundings: Surroundings) -> IPlaces:
    """Open the gazetteer, at once where its index exists."""
    if problems := check(options):
        raise ConfigError([f"places.embedded.{problem}" for problem in problems])
    try:
        path = find_index(surroundings.environ)
    except HerdError as error:
        raise ConfigError([f"places.embedded: {error}"]) from error
    return TreePlaces(Tree(path)) if path is not None else _PlacesToBe(surroundings)


@implementer(IPlaces)
class _PlacesToBe:
    """Places whose index is being built: questions wait for it."""

    _log = Logger()

    def __init__(self, surroundings: Surroundings, table: Path = TABLE) -> None:
        self._places: TreePlaces | None = None
        self._trouble = ""
        self._waiting: dict[Deferred[None], None] = {}
        self._stop = threading.Event()
        self._log.info("building the index of places, which takes some seconds, once; questions wait for it")
        self._built = self._start(surroundings, table).addCallbacks(self._ready, self._failed)

    def near(self, question: Question) -> Deferred[Answer]:
        """Answer when the index is there."""
        if self._places is not None:
            return self._places.near(question)
        if self._trouble:
            return fail(ProviderError(self._trouble))
        ready: Deferred[None] = Deferred(lambda ready: self._waiting.pop(ready, None))
        self._waiting[ready] = None
        return ready.addCallback(lambda _: self.near(question))

    def close(self) -> Deferred[None]:
        """Stop building, or let go of the file; fires when no thread is left."""
        self._stop.set()
        closed: Deferred[None] = Deferred()
        self._built.addCallback(lambda _: self._places.close() if self._places is not None else None)
        self._built.chainDeferred(closed)
        return closed

    def _start(self, surroundings: Surroundings, table: Path) -> Deferred[Index]:
        reactor = surroundings.reactor
        build = partial(build_index, surroundings.environ, stop=self._stop, table=table)
        if IReactorThreads.providedBy(reactor):
            return deferToThreadPool(reactor, reactor.getThreadPool(), build)
        return maybeDeferred(build)

    def _ready(self, index: Index) -> None:
        if index.warning:
            self._log.warn("{warning}", warning=index.warning)
        self._log.info("the index of places is ready: {path}", path=str(index.path))
        self._places = TreePlaces(Tree(index.path))
        self._release()

    def _failed(self, failure: Failure) -> None:
        if failure.check(HerdError):
            if not failure.check(Stopped):
                self._log.critical("no places: {reason}", reason=str(failure.value))
            self._trouble = str(failure.value)
        else:
            self._log.failure("the index of places could not be built", failure)
            self._trouble = "the index of places could not be built; the server's log says why"
        self._release()

    def _release(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for ready in waiting:
            if not ready.called:
                ready.callback(None)
