"""Failures that no callback of a Deferred has handled: told by whose they are, before a run is judged.

Twisted logs such a failure when its Deferred is thrown away. Mostly there is a circle (the traceback has a
frame, and the frame has the Deferred), so that in life it is logged when garbage is next collected. Here
that is after so many events, before a process ends, and when somebody asks. What a process throws away while
it runs is logged at once; what is found otherwise waits for the next collection, and is logged in the order
in which it has failed, each by the process in which it did.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from attrs import evolve
from greenlet import getcurrent
from twisted.internet.defer import DebugInfo

from herd.sim.engine import current
from herd.sim.engine.pins import real
from herd.sim.engine.pins.pin import hosted

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from herd.sim.engine.process import Process


class HostedDebugInfo(DebugInfo):
    """What a Deferred of a hosted program has from its first failure on."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.time_ns = self.number = 0
        self._failure: Failure | None = None
        self._known = process.simulation.unhandled.add(self)

    @property
    def failResult(self) -> Failure | None:
        """The failure that is left, if one is: Twisted sets it, and takes it back."""
        return self._failure

    @failResult.setter
    def failResult(self, failure: Failure | None) -> None:
        self._failure = failure
        if failure is not None:
            self.time_ns = self.process.simulation.now_ns
            self.number = self.process.simulation.unhandled.count()

    def __del__(self) -> None:
        """Tell of a failure that is left."""
        self.process.simulation.unhandled.remove(self._known, self)

    def log(self) -> None:
        """Log it, as Twisted does."""
        super().__del__()


class Unhandled:
    """The failed Deferreds of one simulation."""

    def __init__(self) -> None:
        self._count = 0
        self._failed: dict[int, weakref.ref[HostedDebugInfo]] = {}
        """Deferreds that have failed at some time, by number."""
        self._found: list[HostedDebugInfo] = []
        """What is to be told after the next collection."""
        self.is_running = False
        """Whether events are taken: what goes at another time, Python's own collections have found."""
        self._is_collecting = False
        self._is_over = False

    def count(self) -> int:
        """Return the next number: of a Deferred that fails, or of its failure."""
        self._count += 1
        return self._count

    def add(self, failed: HostedDebugInfo) -> int:
        """Know of a Deferred that fails; return its number."""
        number = self.count()
        self._failed[number] = weakref.ref(failed)
        return number

    def remove(self, number: int, failed: HostedDebugInfo) -> None:
        """Know no more of a Deferred, which is thrown away; its failure may be left.

        What a killed process leaves is lost with it.
        """
        self._failed.pop(number, None)
        if failed.failResult is None or self._is_over or failed.process.exit_code is not None:
            return
        if self._is_collecting or not self.is_running or hosted() is not failed.process:
            self._found.append(failed)
        else:
            _tell(failed)

    def collect(self) -> None:
        """Collect garbage, and tell of all failures in it."""
        self._is_collecting = True
        try:
            real.collect()
        finally:
            self._is_collecting = False
            found, self._found = self._found, []
        for each in sorted(found, key=lambda failed: failed.number):
            _tell_elsewhere(each)

    def find(self, process: Process | None = None) -> None:
        """Tell of all failures that are left by now, of a process or at all.

        Where there can be none, no garbage is collected.
        """
        if self._found or any(self._may_be_left(each, process) for each in self._failed.values()):
            self.collect()

    def _may_be_left(self, failed: weakref.ref[HostedDebugInfo], process: Process | None) -> bool:
        its = failed()
        return its is not None and its.failResult is not None and process in {None, its.process}

    def end(self) -> None:
        """Tell of none any more: what the end of a simulation throws away, no program has lost."""
        self._is_over = True
        self._found = []


def part(defer: Any) -> None:
    """Have Deferreds of hosted programs know whose they are."""

    def debug_info() -> DebugInfo:
        process = hosted()
        return DebugInfo() if process is None else HostedDebugInfo(process)

    defer.DebugInfo = debug_info


def _tell_elsewhere(failed: HostedDebugInfo) -> None:
    """Have its process log a failure, whatever runs now."""
    process, before, context = failed.process, current.process, getcurrent().gr_context
    process.become_current()
    try:
        process.context.run(_tell, failed)
    finally:
        if before is None:
            current.process = None
        else:
            before.become_current()
        getcurrent().gr_context = context


def _tell(failed: HostedDebugInfo) -> None:
    """Log a failure; it is a problem of the moment in which it came."""
    problems = failed.process.simulation.problems
    count = len(problems)
    failed.log()
    told = problems[count:]  # Twisted logs that there is one, and then what it is
    if told:
        text = "\n".join(each.text for each in told)
        problems[count:] = [evolve(told[0], time_ns=failed.time_ns, text=text)]
