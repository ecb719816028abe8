"""The loop of a simulation: it takes the first event, sets the time, makes its process current, and calls.

A turn: what a program does while an event runs may leave something for its end, as on a real reactor. Such a
process stands in `turns`, and when the event is over its reactor's `end_turn` is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import contexts, current
from herd.sim.engine.agenda import Agenda

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.owner import Owner
    from herd.sim.engine.pipes import Pipe
    from herd.sim.engine.process import Process

COLLECT_EVERY: Final = 200_000
"""Events between two collections of garbage: at a fixed number, for weak references die there."""


class Timeline:
    """Virtual time, and what happens in it."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.events = 0
        self.flows = 0
        """How many connections and datagrams there have been: each has its number in the trace."""
        self.collect_at = COLLECT_EVERY
        """How many events there are when garbage is collected next."""
        self.agenda = Agenda()
        self.turns: list[Process] = []
        """Processes that have something to do when the event that runs is over."""
        self.timed = -1
        """The number of the last event in which a timer's function was called."""
        self.put_off = -1
        """The number of the last event that has put something off to the reactor's next turn."""
        self.owner: Owner | None = None
        """Whose event has failed; None if `go_on` has raised for another reason."""
        self.trace: Any = None
        self.on_write: Callable[[Pipe, bytes], object] | None = None
        """Told of all that programs write to TCP connections, where someone wants to know."""
        self.on_read: Callable[[Pipe, bytes], object] | None = None
        """Told of all that programs read from them."""
        self.stopped = False
        """Whether to stop after the event that runs now."""
        self._unfinished = False

    def collect(self) -> None:
        """Collect garbage: whoever inherits from this does it."""
        raise NotImplementedError

    def go_on(self, limit_ns: int) -> None:
        """Run events until none is left before the limit, or until it is `stopped`.

        What an event raises comes out; `owner` is whose it was, and the next call ends its turn first.
        """
        contexts.begin(None if current.process is None else current.process.context)
        try:
            self._loop(limit_ns)
        finally:
            contexts.end()

    def _loop(self, limit_ns: int) -> None:
        pop = self.agenda.pop
        turns = self.turns
        self.owner = None
        was_there, self._unfinished = self._unfinished, False
        while True:
            if was_there:
                if turns or self.events >= self.collect_at:
                    self._finish()
                if self.stopped:
                    break
            event = pop(limit_ns)
            if event is None:
                break
            time_ns, _, owner, function, args = event
            was_there = not owner.halted
            if owner.halted:
                owner.miss(event)
                continue
            self.now_ns = time_ns
            self.events += 1
            process = owner.process
            if process is not current.process:
                if process is not None:
                    process.become_current()
                else:
                    current.process = None
                    contexts.see(None)
            try:
                function(*args)
            except BaseException:
                self._failed(owner)
                raise

    def _failed(self, owner: Owner) -> None:
        self.owner = owner
        self._unfinished = True

    def _finish(self) -> None:
        """Do what is to be done when an event is over."""
        turns = self.turns
        while turns:
            process = turns.pop(0)
            if not process.halted:
                if process is not current.process:
                    process.become_current()
                try:
                    process.reactor.end_turn()
                except BaseException:
                    self._failed(process)
                    raise
        if self.events >= self.collect_at:
            self.collect_at = self.events + COLLECT_EVERY
            self.collect()
