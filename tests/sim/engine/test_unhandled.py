"""A failure of a Deferred that nobody handles is a problem of its program, of the moment in which it came."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet import defer, task

from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

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
