"""One request for one question, however many ask it at the same time.

The first to ask causes the request, those who come before its answer share it. One who gives up leaves the
others waiting; when the last gives up, so does the request. Nothing is remembered once an answer is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")
T = TypeVar("T")


class _Shared(Generic[T]):
    """A request under way and those who wait for it."""

    def __init__(self) -> None:
        self.waiting: dict[Deferred[T], None] = {}
        self.request: Deferred[None] | None = None


class Coalesce(Generic[K, T]):
    """Calls `ask(key)` unless the same is under way already."""

    def __init__(self, ask: Callable[[K], Deferred[T]]) -> None:
        self._ask = ask
        self._under_way: dict[K, _Shared[T]] = {}

    def __len__(self) -> int:
        return len(self._under_way)

    def call(self, key: K) -> Deferred[T]:
        """Return a Deferred of the caller's own with the outcome of `ask(key)`."""
        shared = self._under_way.get(key)
        is_first = shared is None
        if shared is None:
            shared = self._under_way[key] = _Shared()
        waiter: Deferred[T] = Deferred(lambda waiter: self._leave(key, shared, waiter))
        shared.waiting[waiter] = None
        if is_first:
            request = maybeDeferred(self._ask, key)
            shared.request = request.addBoth(lambda outcome: self._done(key, shared, outcome))
        return waiter

    def _done(self, key: K, shared: _Shared[T], outcome: Any) -> None:
        self._forget(key, shared)
        waiting, shared.waiting = shared.waiting, {}
        for waiter in waiting:
            if not waiter.called:  # one waiter's callbacks may have cancelled another
                waiter.callback(outcome)

    def _leave(self, key: K, shared: _Shared[T], waiter: Deferred[T]) -> None:
        if waiter not in shared.waiting:
            return  # the outcome is being handed out
        del shared.waiting[waiter]
        if not shared.waiting:
            self._forget(key, shared)
            if shared.request is not None:
                shared.request.cancel()

    def _forget(self, key: K, shared: _Shared[T]) -> None:
        if self._under_way.get(key) is shared:
            del self._under_way[key]
