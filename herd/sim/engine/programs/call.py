"""A callable as a program: for workloads, small servers and tests."""

from __future__ import annotations

from inspect import iscoroutine
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from herd.sim.engine.programs.ends import ending, finish_stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from herd.sim.engine.process import Process

_log: Final = Logger("herd.sim")


class Call:
    """What `function(reactor, *args, **kwargs)` does in a reactor that runs.

    It may return a Deferred or a coroutine. The process goes on when it has returned, until its reactor
    stops.
    """

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs

    @property
    def name(self) -> str:
        """What it is called in a trace."""
        return getattr(self.function, "__qualname__", type(self.function).__qualname__)

    def __repr__(self) -> str:
        parts = [
            self.name,
            *map(repr, self.args),
            *(f"{name}={each!r}" for name, each in self.kwargs.items()),
        ]
        return f"Call({', '.join(parts)})"

    def start(self, process: Process) -> None:
        """Call it."""
        reactor = process.reactor
        reactor.when_stopped = lambda: finish_stopped(process)
        reactor.startRunning()
        with ending(process):
            result = self.function(reactor, *self.args, **self.kwargs)
            if iscoroutine(result):
                result = Deferred.fromCoroutine(result)
            if isinstance(result, Deferred):
                result.addErrback(_failed, process, self.name)


def _failed(failure: Failure, process: Process, name: str) -> None:
    """Log what nobody has handled; an exit is one."""
    with ending(process):
        if failure.check(SystemExit):
            failure.raiseException()
        _log.failure("{name} failed", failure, name=name)
