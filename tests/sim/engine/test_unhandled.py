"""A failure of a Deferred that nobody handles is a problem of its program, of the moment in which it came."""

from __future__ import annotations

import gc
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet import defer, task

from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation
from herd.sim.explore.run import Run
from herd.sim.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    made = Simulation(1)
    yield made
    made.close()


async def coroutine(reactor: Any, number: int) -> None:
    await task.deferLater(reactor, 0.5)
    raise KeyError(number)


@defer.inlineCallbacks
def generator(reactor: Any, number: int) -> Generator[defer.Deferred[Any], Any, None]:
    yield task.deferLater(reactor, 0.5)
    raise KeyError(number)


def callback(reactor: Any, number: int) -> defer.Deferred[Any]:
    def fail(_: object) -> None:
        raise KeyError(number)

    return task.deferLater(reactor, 0.5).addCallback(fail)


WAYS: list[Callable[..., Any]] = [
    lambda *about: defer.ensureDeferred(coroutine(*about)),
    generator,
    callback,
]


def told(simulation: Simulation) -> list[tuple[str, int, list[str]]]:
    """Whose problems there are, after how many milliseconds, with the first and the last line of each."""
    return [
        (each.host, each.time_ns // 1_000_000, [each.text.splitlines()[place] for place in (0, -1)])
        for each in simulation.problems
    ]


@pytest.mark.parametrize("way", WAYS)
def test_who_handles_nothing_is_told_of_in_the_order_of_failing(
    simulation: Simulation, flush_logged_errors: Any, way: Callable[..., Any]
) -> None:
    def run(reactor: Any, first: int) -> None:
        for number in range(first, first + 2):
            reactor.callLater(1 + number, way, reactor, number)

    for host, first in (("b", 0), ("a", 1)):
        simulation.host(host).start(Call(run, first))
    simulation.run(10)
    simulation.find_unhandled()
    flush_logged_errors(KeyError)
    assert told(simulation) == [
        (host, 1500 + 1000 * number, ["Unhandled error in Deferred:", f"builtins.KeyError: {number}"])
        for host, number in (("b", 0), ("b", 1), ("a", 1), ("a", 2))
    ]
    (process,) = simulation.hosts["a"].processes
    assert [text for _, text in process.log or ()] == ["Unhandled error in Deferred:", ""] * 2


def test_what_is_handled_or_kept_is_no_problem(simulation: Simulation) -> None:
    kept: list[Any] = []

    def run(reactor: Any) -> None:
        for way in WAYS:
            way(reactor, 1).addErrback(lambda failure: failure.trap(KeyError) and None)
            kept.append(way(reactor, 2))

    simulation.host("a").start(Call(run))
    simulation.run(10)
    simulation.find_unhandled()
    assert simulation.problems == []
    for each in kept:
        each.addErrback(lambda _: None)


def test_what_a_program_still_has_when_it_is_killed_is_lost_with_it(
    simulation: Simulation, flush_logged_errors: Any
) -> None:
    async def keep(reactor: Any) -> None:
        failed = callback(reactor, 1)
        lost = callback(reactor, 2)
        del lost
        await task.deferLater(reactor, 5)
        with pytest.raises(KeyError):
            await failed

    host = simulation.host("a")
    host.start(Call(lambda reactor: defer.ensureDeferred(keep(reactor)) and None))
    simulation.run(2)
    host.kill()
    simulation.run(10)
    simulation.find_unhandled()
    flush_logged_errors(KeyError)
    assert told(simulation) == [("a", 500, ["Unhandled error in Deferred:", "builtins.KeyError: 2"])]


def test_the_moment_is_that_of_the_last_failure(simulation: Simulation, flush_logged_errors: Any) -> None:
    kept: list[int] = []

    def run(reactor: Any) -> None:
        failed = callback(reactor, 1).addErrback(lambda _: task.deferLater(reactor, 2))
        failed.addCallback(lambda _: kept.pop())

    simulation.host("a").start(Call(run))
    simulation.run(10)
    simulation.find_unhandled()
    flush_logged_errors(IndexError)
    assert [(ms, lines[1]) for _, ms, lines in told(simulation)] == [
        (2500, "builtins.IndexError: pop from empty list")
    ]


def test_what_is_thrown_away_outside_of_a_run_is_told_when_somebody_asks(
    simulation: Simulation, flush_logged_errors: Any
) -> None:
    def run(reactor: Any) -> None:
        callback(reactor, 2)
        callback(reactor, 1)

    directory = Path.cwd()
    simulation.host("a").start(Call(run))
    simulation.run(10)
    gc.collect()
    assert (simulation.problems, Path.cwd()) == ([], directory)
    simulation.find_unhandled()
    flush_logged_errors(KeyError)
    assert [lines[1] for _, _, lines in told(simulation)] == ["builtins.KeyError: 2", "builtins.KeyError: 1"]
    assert Path.cwd() == directory


def test_who_throws_anothers_away_keeps_its_context(simulation: Simulation, flush_logged_errors: Any) -> None:
    kept: list[Any] = []
    mine: ContextVar[str] = ContextVar("mine", default="none")
    seen: list[str] = []

    @defer.inlineCallbacks
    def drop(reactor: Any) -> Generator[defer.Deferred[Any], Any, None]:
        mine.set("set")
        yield task.deferLater(reactor, 2)
        kept.clear()
        seen.append(mine.get())

    simulation.host("b").start(Call(lambda _: kept.append(defer.fail(KeyError(1)))))
    simulation.host("a").start(Call(drop))
    simulation.run(10)
    simulation.find_unhandled()
    flush_logged_errors(KeyError)
    assert seen == ["set"]
    assert [host for host, _, _ in told(simulation)] == ["b"]


def test_a_scenario_with_one_fails(flush_logged_errors: Any) -> None:
    def build(simulation: Simulation) -> None:
        simulation.host("a").start(Call(lambda reactor: callback(reactor, 1) and None))

    outcome = Run(Scenario(about="A failure.", build=build, duration_s=3.0), seed=0).run()
    flush_logged_errors(KeyError)
    assert outcome.failed_checks == ["no problems"]


def test_after_the_end_nobody_is_told(simulation: Simulation) -> None:
    kept: list[Any] = []
    simulation.host("a").start(Call(lambda reactor: kept.append(callback(reactor, 1))))
    simulation.run(10)
    simulation.close()
    kept.clear()
    gc.collect()
    assert simulation.problems == []


def test_a_failure_that_is_dropped_is_told_at_once(simulation: Simulation, flush_logged_errors: Any) -> None:
    def run(reactor: Any) -> None:
        reactor.callLater(1, lambda: defer.fail(KeyError(1)) and None)

    simulation.host("a").start(Call(run))
    simulation.run(2)
    flush_logged_errors(KeyError)
    lines = ["Unhandled error in Deferred:", "Failure: builtins.KeyError: 1"]
    assert told(simulation) == [("a", 1000, lines)]
