"""`reactor.run()` inside a script: the script is parked until the reactor has stopped.

A script runs in a greenlet of its own. When it calls `reactor.run()` the greenlet stands still and the
simulation's loop goes on; when the reactor has stopped, the loop switches back, and the code behind
`reactor.run()` runs at the virtual time of the stop.

A script that is killed stays parked, because `kill -9` runs no `finally`. It is let go when the simulation is
closed: then what it still does has no one to reach.
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

_parked: Final[WeakKeyDictionary[Simulation, dict[Script, None]]] = WeakKeyDictionary()


class Script(greenlet):
    """The greenlet of a script."""

    process: Process


def begin(process: Process, main: Callable[[], object]) -> None:
    """Run a script's main function, which handles its own errors, until it ends or parks."""
    script = Script(main)
    script.process = process
    script.switch()


def leave_if_ended(process: Process) -> None:
    """Raise a `GreenletExit` in a script that is being let go and would run its reactor once more."""
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
    parked = _parked.setdefault(process.simulation, {})
    parked[script] = None
    reactor.when_stopped = partial(_go_on, script)
    assert script.parent is not None
    script.parent.switch()
    reactor.when_stopped = None


def _go_on(script: Script) -> None:
    _parked[script.process.simulation].pop(script, None)
    script.parent = getcurrent()
    script.switch()


def release(simulation: Simulation) -> None:
    """Let go of the scripts that are still parked: each ends where it stands, with its `finally` clauses."""
    parked = _parked.pop(simulation, {})
    with hosted_streams(), shells.hosted():
        for script in parked:
            current.process = script.process
            script.process.enter_directory()  # what it still writes goes where the rest of it went
            try:
                script.parent = getcurrent()
                script.throw(GreenletExit)
            finally:
                current.process = None
