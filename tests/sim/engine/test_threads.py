"""Pools of threads: how much they do at a time, and what becomes of it when a process ends."""

from __future__ import annotations

import gc
import os
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest
from twisted.internet.threads import blockingCallFromThread, deferToThread
from twisted.python.threadpool import ThreadPool

from herd.sim.engine.pins import Escape
from herd.sim.engine.simulation import Simulation
from tests.sim.engine.threadland import hosted, teller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    made = Simulation(1)
    yield made
    made.close()


def test_a_pool_of_two_does_two_things_at_a_time(simulation: Simulation) -> None:
    told, tell = teller(simulation)

    def work(name: str) -> None:
        tell(f"{name} begins")
        time.sleep(1.0)
        tell(f"{name} ends")

    def main(reactor: Any) -> None:
        reactor.suggestThreadPoolSize(2)
        for name in "abc":
            reactor.callInThread(work, name)

    hosted(simulation, main)
    assert [(round(time_s, 3), what) for time_s, what in told] == [
        (0.001, "a begins"),
        (0.001, "b begins"),
        (1.001, "a ends"),
        (1.001, "b ends"),
        (1.002, "c begins"),
        (2.002, "c ends"),
    ]


def test_what_waited_for_one_thread_comes_in_its_order(simulation: Simulation) -> None:
    told, tell = teller(simulation)

    def main(reactor: Any) -> None:
        pool = ThreadPool(1, 1)
        pool.start()
        pool.callInThread(time.sleep, 1.0)
        for name in "abc":
            pool.callInThread(tell, name)
        reactor.callLater(0.5, pool.callInThread, tell, "d")

    hosted(simulation, main)
    assert [what for _, what in told] == ["a", "b", "c", "d"]


def test_a_thread_that_has_waited_goes_on_at_once(simulation: Simulation) -> None:
    told, tell = teller(simulation)

    def main(reactor: Any) -> None:
        reactor.suggestThreadPoolSize(1)
        reactor.callInThread(time.sleep, 0.001)
        for name in "abc":
            reactor.callInThread(tell, name)

    hosted(simulation, main)
    assert [(round(time_s, 3), what) for time_s, what in told] == [(0.003, "a"), (0.004, "b"), (0.005, "c")]


def test_who_waits_is_counted_as_busy(simulation: Simulation) -> None:
    counts: list[tuple[int, int, int]] = []

    def main(reactor: Any) -> None:
        pool = reactor.getThreadPool()
        reactor.suggestThreadPoolSize(2)
        for _ in range(3):
            reactor.callInThread(time.sleep, 1.0)

        def count() -> None:
            counts.append((len(pool.working), len(pool.waiters), pool._queue.qsize()))

        for when_s in (0.5, 1.5, 3.0):
            reactor.callLater(when_s, count)

    hosted(simulation, main)
    assert counts == [(2, 0, 1), (1, 1, 0), (0, 2, 0)]


def test_more_threads_take_what_waits(simulation: Simulation) -> None:
    told, tell = teller(simulation)

    def main(reactor: Any) -> None:
        reactor.suggestThreadPoolSize(1)
        reactor.callInThread(time.sleep, 10.0)
        reactor.callInThread(tell, "a")
        reactor.callLater(1.0, reactor.suggestThreadPoolSize, 2)
        reactor.callLater(2.0, reactor.callInThread, tell, "b")

    hosted(simulation, main)
    assert [(round(time_s), what) for time_s, what in told] == [(2, "a"), (2, "b")]


def test_a_killed_process_has_no_thread_that_goes_on(simulation: Simulation) -> None:
    told: list[str] = []

    def work() -> None:
        try:
            time.sleep(2.0)
            told.append("went on")
        finally:
            told.append("let go")

    process = hosted(simulation, lambda reactor: reactor.callInThread(work), until_s=1.0)
    process.host.kill()
    simulation.run(10.0)
    assert told == []
    simulation.close()
    assert told == ["let go"]


def test_who_is_let_go_waits_no_more(simulation: Simulation) -> None:
    told: list[str] = []

    def work() -> None:
        try:
            threading.Event().wait()
        finally:
            told.append("let go")
            try:
                time.sleep(1.0)
                told.append("slept")
            finally:
                told.append("left")

    hosted(simulation, lambda reactor: reactor.callInThread(work))
    assert told == []
    simulation.close()
    assert told == ["let go", "left"]


def test_an_exit_in_a_thread_is_the_end_of_it(simulation: Simulation) -> None:
    told: list[str] = []

    def work() -> None:
        try:
            os._exit(3)
        finally:
            time.sleep(1.0)
            told.append("went on")

    assert hosted(simulation, lambda reactor: reactor.callInThread(work)).exit_code == 3
    assert told == []


def test_a_paused_process_has_paused_threads(simulation: Simulation) -> None:
    told, tell = teller(simulation)

    def work() -> None:
        time.sleep(2.0)
        tell("slept")

    process = hosted(simulation, lambda reactor: reactor.callInThread(work), until_s=1.0)
    process.host.pause()
    simulation.run(9.0)
    process.host.resume()
    simulation.run(10.0)
    assert told == [(9.0, "slept")]


def test_an_error_that_nobody_waits_for_is_logged_as_a_pool_does(
    simulation: Simulation, flush_logged_errors: Callable[..., object]
) -> None:
    hosted(simulation, lambda reactor: reactor.callInThread(divmod, 1, 0))
    assert [each.text.splitlines()[0] for each in simulation.problems] == ["Unhandled Error"]
    assert "ZeroDivisionError" in simulation.problems[0].text
    flush_logged_errors(ZeroDivisionError)


def test_the_reactors_thread_may_not_wait(
    simulation: Simulation, flush_logged_errors: Callable[..., object]
) -> None:
    def main(reactor: Any) -> None:
        reactor.callLater(1.0, lambda: blockingCallFromThread(reactor, print))

    hosted(simulation, main)
    (problem,) = (each.text for each in simulation.problems if each.is_escape)
    assert problem.startswith(f"{__file__}:")
    assert "calls threading.Condition.wait through twisted.internet.threads.blockingCallFromThread" in problem
    assert problem.endswith("a reactor program must not block: use twisted.internet.task.deferLater")
    flush_logged_errors(Escape)


def test_work_that_a_function_of_the_library_is_may_wait(simulation: Simulation) -> None:
    told, tell = teller(simulation)
    hosted(simulation, lambda _reactor: deferToThread(time.sleep, 1).addCallback(lambda _: tell("slept")))
    assert [(round(time_s, 3), what) for time_s, what in told] == [(1.001, "slept")]
    assert simulation.problems == []


def test_a_simulation_inside_a_thread_has_a_reactor_that_may_not_wait(simulation: Simulation) -> None:
    told: list[str] = []

    def inside() -> None:
        inner = Simulation(2)
        hosted(inner, lambda _reactor: time.sleep(1.0))
        told.extend(each.text for each in inner.problems if each.is_escape)
        inner.close()

    hosted(simulation, lambda reactor: reactor.callInThread(inside))
    assert ["calls time.sleep" in each for each in told] == [True]


def test_a_simulation_that_nobody_closes_is_collected_with_its_threads() -> None:
    simulation = Simulation(1)
    process = hosted(simulation, lambda reactor: reactor.callInThread(int))
    left: list[ref[Any]] = [ref(simulation), ref(process)]
    del simulation, process
    gc.collect()
    assert [each() for each in left] == [None, None]


def test_what_does_not_wait_is_one_event(simulation: Simulation) -> None:
    before = simulation.events
    hosted(simulation, lambda reactor: [reactor.callInThread(partial(int, number)) for number in range(30)])
    assert simulation.events - before == 1 + 30
