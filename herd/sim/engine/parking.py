"""What stands still inside a hosted program: a script in `reactor.run()`, work of a pool that waits.

Such a part runs in a greenlet of its own. A script calls `reactor.run()`: the greenlet stands still and the
simulation's loop goes on; when the reactor has stopped, the loop switches back, and the code behind
`reactor.run()` runs at the virtual time of the stop. Work in a pool waits likewise (see `workers`).

What is killed stays parked, because `kill -9` runs no `finally`. It is let go when the simulation is closed:
then what it still does has no one to reach.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from greenlet import GreenletExit, getcurrent, greenlet

from herd.sim.engine import current, shells
from herd.sim.engine.pins.streams import hosted_streams

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process
    from herd.sim.engine.simulation import Simulation

_parked: Final[WeakKeyDictionary[Simulation, dict[Parked, None]]] = WeakKeyDictionary()


class Parked(greenlet):
    """A part of a program that can stand still."""

    process: Process

    def stand_still(self) -> None:
        """Let the loop go on, until `go_on`. It is this greenlet that runs now."""
        _parked.setdefault(self.process.simulation, {})[self] = None
        assert self.parent is not None
        self.parent.switch()

    def go_on(self) -> None:
        """Go on here, in an event of its process, until it ends or stands still again."""
        _parked.get(self.process.simulation, {}).pop(self, None)
        self.parent = getcurrent()
        self.switch()


class Script(Parked):
    """The greenlet of a script."""


def begin(process: Process, main: Callable[[], object]) -> None:
    """Run a script's main function, which handles its own errors, until it ends or parks."""
    script = Script(main)
    script.process = process
    script.gr_context = process.context
    script.switch()


def leave_if_ended(process: Process) -> None:
    """Raise a `GreenletExit` in what is being let go and would stand still once more."""
    if process.exit_code is not None:
        raise GreenletExit


def park(reactor: Any) -> None:
    """Wait until a reactor, which has just been started, has stopped.

    A `RuntimeError` where nobody can wait: only a script may run its reactor.
    """
    process = reactor.process
    script = getcurrent()
    if not isinstance(script, Script) or script.process is not process:
        raise RuntimeError(
            "reactor.run() would wait for ever: the reactor of a plugin, a .tac or a callable is run for it. "
            "A program that runs its reactor itself is started as a Script or a Module"
        )
    reactor.when_stopped = partial(Parked.go_on, script)
    script.stand_still()
    reactor.when_stopped = None


def release(simulation: Simulation) -> None:
    """Let go of what is still parked: each ends where it stands, with its `finally` clauses."""
    parked = _parked.pop(simulation, {})
    with hosted_streams(), shells.hosted():
        for each in parked:
            current.process = each.process
            each.process.enter_directory()  # what it still writes goes where the rest of it went
            try:
                each.parent = getcurrent()
                each.throw(GreenletExit)
            finally:
                current.process = None
