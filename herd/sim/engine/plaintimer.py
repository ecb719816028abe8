"""A timer that is made, waits, and is called: nobody moves it, and no clock is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process

TURN_NS: Final = 1_000
"""How late a timer is, and how long a turn of a reactor takes."""
_NS_PER_S: Final = 1_000_000_000


class PlainTimer:
    """A function that a process wants to be called at a time of its host's clock."""

    __slots__ = (
        "_args",
        "_kwargs",
        "_timers",
        "due_ns",
        "entries",
        "function",
        "local_ns",
        "number",
        "process",
        "state",
    )

    already_called: type[Exception]
    """What `state` is when it was called."""

    def __init__(  # noqa: PLR0913, PLR0917 - only a reactor makes them
        self,
        process: Process,
        number: int,
        delay: float,
        function: Callable[..., object],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        self.process = process
        self.number = number
        self.function: Callable[..., object] | None = function
        """What is to be called; None when it was, or will not be."""
        self._args = args
        self._kwargs = kwargs
        self.state: type[Exception] | None = None
        """Why it cannot be cancelled any more."""
        reactor: Any = process.reactor
        self._timers = reactor.timers
        wait_ns = round(delay * _NS_PER_S)
        self.local_ns: int = reactor.local_ns() + wait_ns
        """When it is due, by the host's clock."""
        self.due_ns = 0
        """When it is due in truth."""
        self.entries = 0
        """How many events will look at it."""
        self.schedule(wait_ns)

    def schedule(self, wait_ns: int) -> None:
        """Have the agenda look at it when it is due: in so much time of the host's clock."""
        process = self.process
        simulation = process.simulation
        self.due_ns = due_ns = simulation.now_ns + max(process.clock.true_ns(wait_ns), 0) + TURN_NS
        self.entries += 1
        simulation.schedule(due_ns, process, self.come)

    def come(self) -> None:
        """Run if it is time; a call that was put off waits for its later entry."""
        self.entries -= 1
        process = self.process
        simulation = process.simulation
        function = self.function
        if function is None or simulation.now_ns < self.due_ns:
            simulation.events -= 1
            if function is not None and not self.entries:
                self.entries = 1
                simulation.schedule(self.due_ns, process, self.come)
            return
        args, kwargs = self._args, self._kwargs
        self.end(self.already_called)
        if simulation.trace is not None:
            name = getattr(function, "__qualname__", None) or type(function).__qualname__
            process.host.record(kinds.TIMER, None, 0, 0, name.encode())
        function(*args, **kwargs)

    def end(self, state: type[Exception]) -> None:
        """Let go of what was to be called."""
        self.state = state
        self.function = None
        self._args = ()
        self._kwargs = {}
        self._timers.pop(self.number, None)

    @property
    def is_idle(self) -> bool:
        """Whether its entries in the agenda are for nothing."""
        return self.function is None
