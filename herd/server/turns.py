"""Turns of the reactor: their end, for what is to be done once a turn, and a cheaper way to make them.

Twisted's epoll reactor surrounds every event with a logging context and several calls, which cost as much as
what a server does with a short message. A `Turns` put in the place of the reactor's iteration lets our own
connections read without all that, and does everything else as the reactor would. At the end of a turn it runs
what has asked for that, where other reactors need a delayed call and one turn more.

Only Twisted's own epoll reactor, and no subclass of it, is known well enough to be dealt with like that.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.logger import Logger
from twisted.python import log

from herd.server.transport import QuickConnection

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOLLIN: Final = 0x001
_EVENTS: Final = 1024
"""Events that one turn takes at most. The others come first in the next one; without a bound the kernel would
be given room for an event of every connection at every turn."""

_logging_failures = Logger().failureHandler("at the end of a turn")


def is_epoll(reactor: Any) -> bool:
    """Tell whether this is Twisted's own epoll reactor, which cannot be imported on every system."""
    kind = type(reactor)
    return (kind.__module__, kind.__qualname__) == ("twisted.internet.epollreactor", "EPollReactor")


def turn_ends(reactor: Any) -> Callable[[Callable[[], object]], object]:
    """Return a function that has its argument called once, when all has been read that this turn brings.

    An epoll reactor makes its turns the cheaper way from now on. A reactor that has an `at_turn_end` of its
    own is taken at its word.
    """
    if not is_epoll(reactor):
        return getattr(reactor, "at_turn_end", None) or partial(reactor.callLater, 0)
    turns = getattr(reactor.doIteration, "__self__", None)
    if not isinstance(turns, Turns):
        turns = Turns(reactor)
        reactor.doIteration = turns.make
    return turns.at_end


class Turns:
    """The turns of an epoll reactor."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._poll = reactor._poller.poll  # noqa: SLF001 - as the reactor itself does it
        self._selectables: dict[int, Any] = reactor._selectables  # noqa: SLF001 - likewise
        self._waiting: list[Callable[[], object]] = []

    def at_end(self, function: Callable[[], object]) -> None:
        """Call a function at the end of this turn; at the end of the next, if this one is at its end."""
        self._waiting.append(function)

    def make(self, timeout_s: float | None) -> None:
        """Wait so long for events, for ever if None, and handle them: the reactor's `doIteration`."""
        if self._waiting:
            timeout_s = 0
        elif timeout_s is None:
            timeout_s = -1
        selectables = self._selectables
        for fd, event in self._poll(timeout_s, min(len(selectables), _EVENTS)):
            selectable = selectables.get(fd)
            if event == _EPOLLIN and isinstance(selectable, QuickConnection):
                try:
                    why = selectable.doRead()
                except BaseException as error:  # noqa: BLE001 - as the reactor does
                    log.callWithLogger(selectable, self._fail, selectable, error)
                else:
                    if why is not None:
                        log.callWithLogger(selectable, self._disconnect, selectable, why)
            elif selectable is not None:
                handle = self._reactor._doReadOrWrite  # noqa: SLF001 - as the reactor itself does it
                log.callWithLogger(selectable, handle, selectable, fd, event)
        if self._waiting:
            self._end()

    def _end(self) -> None:
        waiting, self._waiting = self._waiting, []
        for function in waiting:
            with _logging_failures:
                function()

    def _fail(self, selectable: QuickConnection, error: BaseException) -> None:
        log.err()
        self._disconnect(selectable, error)

    def _disconnect(self, selectable: QuickConnection, why: BaseException) -> None:
        self._reactor._disconnectSelectable(selectable, why, isRead=True)  # noqa: SLF001 - likewise
