"""What is logged is in the trace as on any machine; what failed is a problem, with its traceback."""

from __future__ import annotations

import traceback
from io import BytesIO
from typing import Any

from twisted.logger import Logger
from twisted.python import log
from twisted.python.failure import Failure

from herd.sim.engine.kinds import Kind
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Trace
from herd.sim.engine.tracefile import read_trace


def fail(reactor: Any) -> None:
    def fail_now() -> None:
        raise ValueError(f"not {object()!r}")

    def log_failures() -> None:
        try:
            fail_now()
        except ValueError:
            log.err()
            log.err(None, "as it was")
            Logger().failure("while {what}", what="working")
            Logger().failure("")
            Logger().error("got {it}", it=Failure())
            log.msg(f"then:\n{traceback.format_exc()}")
        log.msg("well")

    reactor.callLater(1, log_failures)
    reactor.callLater(2, fail_now)


def test_a_failure_is_traced_without_places_of_this_machine(flush_logged_errors: Any) -> None:
    file = BytesIO()
    trace = Trace(file)
    simulation = Simulation(1, trace=trace)
    simulation.host("a").start(Call(fail))
    simulation.run(3)
    simulation.close()
    trace.close()
    flush_logged_errors(ValueError)
    what = "builtins.ValueError: not <object object at 0x...>"
    told = [each.data.decode() for each in read_trace(file.getvalue()) if each.kind is Kind.NOTE]
    assert told == [
        f"Unhandled Error: {what}",
        f"as it was: {what}",
        f"while working: {what}",
        what,
        "got [Failure instance: Traceback: <class 'ValueError'>: not <object object at 0x...>]",
        "then:\nValueError: not <object object at 0x...>",
        "well",
        f"Unhandled error in a hosted program: {what}"[:96],
    ]
    assert [__file__ in each.text for each in simulation.problems] == [True] * 5
