"""Work in a thread: it waits in virtual time, for others or for a moment; and who a thread is."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from twisted.python import context
from twisted.python.threadpool import ThreadPool

from herd.sim.engine.simulation import Simulation
from tests.sim.engine.threadland import hosted, teller

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    made = Simulation(1)
    yield made
    made.close()


def test_a_drifting_clock_makes_sleep_longer(simulation: Simulation) -> None:
    told, tell = teller(simulation)

    def sleep() -> None:
        time.sleep(1.0)
        tell("slept")

    def main(reactor: Any) -> None:
        simulation.hosts["host0"].clock.drift(simulation.now_ns, -500_000)
        reactor.callInThread(sleep)

    hosted(simulation, main)
    assert [(round(time_s, 3), what) for time_s, what in told] == [(2.001, "slept")]


def test_sleeping_for_less_than_nothing_is_an_error(
    simulation: Simulation, flush_logged_errors: Callable[..., object]
) -> None:
    hosted(simulation, lambda reactor: reactor.callInThread(time.sleep, -1.0))
    assert "sleep length must be non-negative" in simulation.problems[0].text
    flush_logged_errors(ValueError)


def test_who_spins_makes_time_pass(simulation: Simulation) -> None:
    def spin(until_s: float) -> None:
        while time.monotonic() < until_s:
            time.sleep(0)

    hosted(simulation, lambda reactor: reactor.callInThread(spin, time.monotonic() + 0.002))
    assert simulation.problems == []


def test_simple_queues_and_locks_in_libraries_made_of_c_wait_likewise(simulation: Simulation) -> None:
    told, tell = teller(simulation)

    def main(reactor: Any) -> None:
        given: Any = queue.SimpleQueue()
        reactor.callInThread(lambda: tell(given.get()))
        reactor.callLater(5.0, given.put, "given")

    hosted(simulation, main)
    assert [(round(time_s, 3), what) for time_s, what in told] == [(5.0, "given")]


def test_a_lock_that_was_waited_for_in_vain_is_free_again(simulation: Simulation) -> None:
    told, tell = teller(simulation)
    lock: list[Any] = []

    def work(timeout_s: float) -> None:
        if lock[0].acquire(timeout=timeout_s):
            tell("taken")
            time.sleep(5.0)
            lock[0].release()
        else:
            tell("in vain")

    def main(reactor: Any) -> None:
        lock.append(threading.Lock())
        for timeout_s in (-1, 2.0, 7.0):
            reactor.callInThread(work, timeout_s)

    hosted(simulation, main)
    assert [(round(time_s), what) for time_s, what in told] == [(0, "taken"), (2, "in vain"), (5, "taken")]
    assert not lock[0].locked()


def test_a_condition_gives_a_recursive_lock_back_whole(simulation: Simulation) -> None:
    told, tell = teller(simulation)

    def wait(condition: Any) -> None:
        with condition, condition:
            tell("waits")
            condition.wait()
            tell("told")

    def main(reactor: Any) -> None:
        condition = threading.Condition()

        def notify() -> None:
            with condition:
                condition.notify_all()

        for _ in range(2):
            reactor.callInThread(wait, condition)
        reactor.callLater(1.0, notify)

    hosted(simulation, main)
    assert [what for _, what in told] == ["waits", "waits", "told", "told"]


def test_every_thread_is_somebody_and_the_same_at_each_run() -> None:
    def work(told: list[object]) -> None:
        thread = threading.current_thread()
        told.append(
            (thread.name, thread.ident == threading.get_ident() == thread.native_id, thread.is_alive())
        )
        told.append(threading.get_ident())
        told.append(logging.LogRecord("a", 1, "b", 1, "c", None, None).threadName)
        time.sleep(1.0)
        told.append(threading.current_thread() is thread)

    def history() -> list[object]:
        told: list[object] = []
        simulation = Simulation(3)

        def main(reactor: Any) -> None:
            pool = ThreadPool(2, 2, "own")
            pool.start()
            for each in (pool, pool, reactor.getThreadPool()):
                each.callInThread(work, told)
            reactor.callLater(0.5, lambda: told.append([each.name for each in threading.enumerate()]))
            reactor.callLater(0.5, lambda: told.append(threading.active_count()))

        hosted(simulation, main)
        simulation.close()
        return told

    told = history()
    names = ["PoolThread-own-0", "PoolThread-own-1", "PoolThread-twisted.internet.reactor-0"]
    assert [each for each in told if isinstance(each, tuple)] == [(name, True, True) for name in names]
    assert told[-5:] == [["MainThread", *names], 4, True, True, True]
    assert len(set(map(str, told[1:9:3]))) == 3
    assert history() == told


def test_every_thread_has_its_own_local(simulation: Simulation) -> None:
    class Own(threading.local):
        """Programs inherit from it, too."""

    told: list[object] = []

    def work(local: Any, value: str) -> None:
        local.value = value
        time.sleep(1.0)
        told.append(local.value)

    def main(reactor: Any) -> None:
        local, own = threading.local(), Own()
        own.value = local.value = "main"
        for value in "ab":
            reactor.callInThread(work, local, value)
        reactor.callLater(2.0, lambda: told.append((local.value, own.value)))

    hosted(simulation, main)
    assert told == ["a", "b", ("main", "main")]
    assert issubclass(Own, threading.local)


def test_every_thread_has_its_own_context_of_twisted(simulation: Simulation) -> None:
    told: list[object] = []

    def work(name: str) -> None:
        def inner() -> None:
            time.sleep(1.0 if name == "a" else 2.0)
            told.append(("inner", context.get("name"), context.get("asked")))

        context.call({"name": name}, inner)
        told.append(("outer", context.get("name"), context.get("asked")))

    def main(reactor: Any) -> None:
        for name in "ab":
            context.call({"asked": name}, reactor.callInThread, work, name)
        reactor.callLater(1.5, lambda: told.append(("main", context.get("name"), context.get("asked"))))

    hosted(simulation, main)
    assert told == [
        ("inner", "a", "a"),
        ("outer", None, "a"),
        ("main", None, None),
        ("inner", "b", "b"),
        ("outer", None, "b"),
    ]
