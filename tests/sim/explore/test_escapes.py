"""A program that reaches for the real world fails its run, whatever the scenario allows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.pins import Escape
from herd.sim.engine.programs import Call
from herd.sim.explore.run import PROBLEMS, Run
from herd.sim.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from herd.sim.engine.simulation import Simulation

    Flush = Callable[..., list[Failure]]


def sleep() -> None:
    time.sleep(5)  # the line that is named


def by_a_function(reactor: Any) -> None:
    reactor.callLater(1.0, sleep)


def itself(reactor: Any) -> None:
    reactor.callLater(1.0, time.sleep, 5)


def failing(reactor: Any) -> None:
    reactor.callLater(1.0, lambda: 1 // 0)


def scenario(program: Any) -> Scenario:
    def build(simulation: Simulation) -> None:
        simulation.host("sleepy").start(Call(program))

    return Scenario(about="It sleeps.", build=build, duration_s=3.0, allows_problems=True)


@pytest.mark.parametrize(
    ("program", "place"),
    [
        (by_a_function, f"{__file__}:26: a hosted program calls time.sleep in `time.sleep(5)  # the line"),
        (itself, "no line of its own (a timer, a thread or a signal was given the function as it is): "),
    ],
)
def test_an_escape_is_no_problem_that_is_allowed(
    program: Any, place: str, flush_logged_errors: Flush
) -> None:
    outcome = Run(scenario(program), 1).run()
    assert len(flush_logged_errors(Escape)) == 1
    (violation,) = outcome.violations
    assert violation.check == PROBLEMS
    assert violation.text.startswith(f"at 1.000001 s sleepy: {place}")
    assert outcome.checked == (PROBLEMS,)


def test_an_error_of_a_program_is(flush_logged_errors: Flush) -> None:
    outcome = Run(scenario(failing), 1).run()
    assert len(flush_logged_errors(ZeroDivisionError)) == 1
    assert (outcome.violations, outcome.checked) == ((), ())
    assert outcome.virtual_s == 3.0
