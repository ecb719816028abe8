"""The open connections of one kind, held weakly: what is closed is freed at once, whoever still counts it.

The reactor holds what is connected; this only knows it, in the order in which it came.
"""

from __future__ import annotations

from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from twisted.internet.defer import Deferred

from herd.server.wheel import Wheel

Connection = TypeVar("Connection")


class Connections(Generic[Connection]):
    """Connections from when they are made until they are lost."""

    def __init__(self) -> None:
        self._open: WeakValueDictionary[int, Connection] = WeakValueDictionary()
        self._last_number = 0
        self._wheel = Wheel()
        self._waiting: list[Deferred[None]] = []

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> int:
        """Take in a connection; return the number to remove it by."""
        self._last_number += 1
        self._open[self._last_number] = connection
        self._wheel.put(self._last_number, 0.0)
        return self._last_number

    def remove(self, number: int) -> None:
        """Take out a connection that was lost."""
        self._open.pop(number, None)
        self._wheel.remove(number)
        if not self._open:
            waiting, self._waiting = self._waiting, []
            for deferred in waiting:
                deferred.callback(None)

    def all(self) -> list[Connection]:
        """Return the open connections, oldest first."""
        return [connection for _, connection in sorted(self._open.items(), key=_number)]

    def take_due(self, now_s: float) -> list[tuple[int, Connection]]:
        """Return the connections, with their numbers, that are due to be looked at: new ones are at once."""
        due = [(number, self._open.get(number)) for number in self._wheel.take_due(now_s)]
        return [(number, connection) for number, connection in due if connection is not None]

    def look_again(self, number: int, at_s: float) -> None:
        """Let a connection be due at a later time, unless it is lost."""
        if number in self._open:
            self._wheel.put(number, at_s)

    def look_at_all(self) -> None:
        """Let every connection be due."""
        for number in sorted(self._open):
            self._wheel.put(number, 0.0)

    def oldest(self) -> Connection:
        """Return the connection that came first; there must be one."""
        return self._open[min(self._open)]

    def when_empty(self) -> Deferred[None]:
        """Return a Deferred that fires when there is none left."""
        deferred: Deferred[None] = Deferred()
        if self._open:
            self._waiting.append(deferred)
        else:
            deferred.callback(None)
        return deferred


def _number(item: tuple[int, object]) -> int:
    return item[0]
