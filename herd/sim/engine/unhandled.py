"""Failures that no callback of a Deferred has handled: told by whose they are, before a run is judged.

Twisted logs such a failure when its Deferred is thrown away. Mostly there is a circle (the traceback has a
frame, and the frame has the Deferred), so that in life it is logged when garbage is next collected. Here that
is after so many events, and when somebody asks. All that one collection finds is logged in the order in which
it has failed, each by the process in which it did.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from attrs import evolve
from twisted.internet.defer import DebugInfo

from herd.sim.engine import current
from herd.sim.engine.pins import real
from herd.sim.engine.pins.pin import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process


class HostedDebugInfo(DebugInfo):
    """What a Deferred of a hosted program has from its first failure on."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.time_ns = process.simulation.now_ns
        self.number = process.simulation.unhandled.add(self)

    def __del__(self) -> None:
        """Tell of a failure that is left."""
        self.process.simulation.unhandled.remove(self)

    def log(self) -> None:
        """Log it, as Twisted does."""
        super().__del__()


class Unhandled:
    """The failed Deferreds of one simulation."""

    def __init__(self) -> None:
        self._count = 0
        self._failed: dict[int, weakref.ref[HostedDebugInfo]] = {}
        """Deferreds that have failed at some time, by number."""
        self._found: list[HostedDebugInfo] | None = None
        """What the present collection has found so far."""
        self._is_over = False

    def add(self, failed: HostedDebugInfo) -> int:
        """Know of a Deferred that fails; return its number."""
        self._count += 1
        self._failed[self._count] = weakref.ref(failed)
        return self._count

    def remove(self, failed: HostedDebugInfo) -> None:
        """Know no more of a Deferred, which is thrown away; its failure may be left."""
        self._failed.pop(failed.number, None)
        if failed.failResult is None or self._is_over:
            return
        if self._found is None:
            _tell(failed)
        else:
            self._found.append(failed)

    def collect(self) -> None:
        """Collect garbage, and tell of all failures in it."""
        self._found = []
        try:
            real.collect()
        finally:
            found, self._found = self._found, None
        for each in sorted(found, key=lambda failed: failed.number):
            _tell(each)

    def find(self) -> None:
        """Tell of all failures that are left by now; where there can be none, no garbage is collected."""
        failed = [reference() for reference in self._failed.values()]
        if any(each is not None and each.failResult is not None for each in failed):
            del failed
            self.collect()

    def end(self) -> None:
        """Tell of none any more: what the end of a simulation throws away, no program has lost."""
        self._is_over = True


def part(defer: Any) -> None:
    """Have Deferreds of hosted programs know whose they are."""

    def debug_info() -> DebugInfo:
        process = hosted()
        return DebugInfo() if process is None else HostedDebugInfo(process)

    defer.DebugInfo = debug_info


def _tell(failed: HostedDebugInfo) -> None:
    """Have a failure logged by its process, and be a problem of the moment in which it failed."""
    process, before = failed.process, current.process
    problems = process.simulation.problems
    count = len(problems)
    process.become_current()
    try:
        if process is before:
            failed.log()
        else:
            process.context.run(failed.log)
    finally:
        if before is None:
            current.process = None
        else:
            before.become_current()
    told = problems[count:]  # Twisted logs that there is one, and then what it is
    if told:
        text = "\n".join(each.text for each in told)
        problems[count:] = [evolve(told[0], time_ns=failed.time_ns, text=text)]
