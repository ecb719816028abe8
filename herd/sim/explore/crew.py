"""A crew: so many children at once, the news and the ends of all of them in one place.

However it is left, by its end, an error, Ctrl-C or a TERM signal, no child and no file of one stays behind.
"""

from __future__ import annotations

import gc
import os
import selectors
import shutil
import signal
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

from herd.sim.engine import scratch
from herd.sim.explore.children import Child

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from herd.sim.explore.children import Ended, Work
    from herd.sim.explore.search import Search

Key = TypeVar("Key")

LIMIT_S: Final = 60.0
"""Real time that one run may take: a hundred times what a long one takes."""

_SIGNALED: Final = 128
"""What a shell adds to the number of a signal."""

_LOOK_S: Final = 0.25
"""Between two looks for children that are overdue, and for an interrupt."""


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Crew(Generic[Key]):
    """Children at work, up to `jobs` of them; none is left when the `with` block is left."""

    def __init__(self, jobs: int, limit_s: float = LIMIT_S) -> None:
        self.jobs = jobs
        self.limit_s = limit_s
        self._selector = selectors.DefaultSelector()
        self._children: dict[Key, Child] = {}
        self._directory: str | None = None
        self._directory_before: str | None = None
        self._handlers: dict[int, Any] = {}
        self._signaled: int | None = None

    def __enter__(self) -> Self:
        self._catch_signals()
        # A child that is killed leaves its files: they lie where they can be removed.
        scratch.keep_base()
        self._directory = tempfile.mkdtemp(prefix="herd-sim-")
        self._directory_before, tempfile.tempdir = tempfile.tempdir, self._directory
        gc.collect()
        gc.freeze()  # so that no collection in a child touches, and copies, what it shares with this process
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self._children):
            self.drop(key)
        self._selector.close()
        gc.unfreeze()
        tempfile.tempdir = self._directory_before
        scratch.leave_base()
        assert self._directory is not None
        shutil.rmtree(self._directory, ignore_errors=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _catch_signals(self) -> None:
        """Let signals that would end this process end it in order.

        They are heeded in `wait`. An exception that a handler raises is lost where nobody catches it, as in
        the hooks of a fork, and forking is most of what this process does.
        """
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}:
                    self._handlers[number] = signal.signal(number, self._note_signal)

    def _note_signal(self, number: int, frame: object) -> None:
        del frame
        self._signaled = number

    def _heed_signal(self) -> None:
        if self._signaled == signal.SIGINT:
            raise KeyboardInterrupt
        if self._signaled is not None:
            raise SystemExit(_SIGNALED + self._signaled)

    @property
    def has_room(self) -> bool:
        """Whether another child may start."""
        return len(self._children) < self.jobs

    @property
    def busy(self) -> bool:
        """Whether any child is at work."""
        return bool(self._children)

    def start(self, key: Key, work: Work) -> None:
        """Fork a child for a piece of work."""
        child = self._children[key] = Child(work, self.limit_s)
        self._selector.register(child, selectors.EVENT_READ, key)

    def renew(self, key: Key) -> None:
        """Give a child its whole time again."""
        self._children[key].renew()

    def wait(self) -> tuple[list[tuple[Key, Any]], list[tuple[Key, Ended]]]:
        """Wait a moment; return the news of children, and what became of those that have ended.

        A KeyboardInterrupt or a SystemExit for a signal that has come.
        """
        self._heed_signal()
        news: list[tuple[Key, Any]] = []
        over: dict[Key, Ended] = {}
        for ready, _ in self._selector.select(_LOOK_S):
            key: Key = ready.data
            told = self._children[key].read()
            if told is None:
                over[key] = self._let_go(key).reap()
            else:
                news += [(key, each) for each in told]
        now_s = time.monotonic()
        for child in self._children.values():
            if child.overdue(now_s):
                child.kill()
        return news, list(over.items())

    def drop(self, key: Key) -> None:
        """End a child whose outcome nobody needs any more."""
        child = self._let_go(key)
        child.kill()
        child.reap()

    def _let_go(self, key: Key) -> Child:
        child = self._children.pop(key)
        # Before its pipe is closed: a sister that has a copy would keep it in the selector.
        self._selector.unregister(child)
        return child


def pursue(
    crew: Crew[int], search: Search, work_of: Callable[[int], Work], is_failure: Callable[[Ended], bool]
) -> Iterator[tuple[int, Ended]]:
    """Carry out a search; yield each try that has ended, as it ends."""
    while not search.over:
        while crew.has_room and (number := search.next()) is not None:
            crew.start(number, work_of(number))
        _, ended = crew.wait()
        for number, each in ended:
            search.done(number, failed=is_failure(each))
        for number in search.surplus():
            crew.drop(number)
            search.dropped(number)
        yield from ended
