"""A timer that is made, waits, and is called: nobody moves it, and no clock is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import kinds

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process

TURN_NS: Final = 1_000
"""How late a timer is, and how long a turn of a reactor takes."""
LONGEST_S: Final = 3_000_000_000
"""Almost a century: who waits longer waits so long, and no sum of nanoseconds needs more than 63 bits."""
_NS_PER_S: Final = 1_000_000_000
_LONGEST_NS: Final = LONGEST_S * _NS_PER_S
_COMPREHENSIONS: Final = ("<listcomp>.", "<dictcomp>.", "<setcomp>.")
"""Python 3.12 and later have no function for these, so none in the names of what is made there."""


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
        wait_ns = round(min(delay, LONGEST_S) * _NS_PER_S)
        self.local_ns: int = reactor.local_ns() + wait_ns
        """When it is due, by the host's clock."""
        self.due_ns = 0
        """When it is due in truth."""
        self.entries = 0
        """How many events will look at it."""
        self.schedule(wait_ns)
        simulation = process.simulation
        if wait_ns <= 0 and simulation.timed != simulation.events:
            simulation.put_off = simulation.events

    def schedule(self, wait_ns: int) -> None:
        """Have the agenda look at it when it is due: in so much time of the host's clock."""
        process = self.process
        simulation = process.simulation
        true_ns = min(max(process.clock.true_ns(wait_ns), 0), _LONGEST_NS)
        self.due_ns = due_ns = simulation.now_ns + true_ns + TURN_NS
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
        simulation.timed = simulation.events
        args, kwargs = self._args, self._kwargs
        self.end(self.already_called)
        if simulation.trace is not None:
            process.host.record(kinds.TIMER, None, 0, 0, name_of(function).encode())
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


def name_of(function: Any) -> str:
    """Return the name by which a trace calls a function: the same with every version of Python."""
    name: str = getattr(function, "__qualname__", None) or type(function).__qualname__
    if "comp>." in name:
        for each in _COMPREHENSIONS:
            name = name.replace(each, "")
    return name
