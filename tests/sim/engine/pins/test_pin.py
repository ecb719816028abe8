"""What stands in a function's place is as harmless as the function was."""

from __future__ import annotations

import copy
import inspect
import pickle
import random
import select
import threading
import time
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.pins.pin import PLACED, Pin, outside, place
from herd.sim.engine.pins.pin import hosted as whose_turn
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

pytestmark = pytest.mark.usefixtures("simulation")


def test_as_an_attribute_of_a_class_a_pin_takes_no_self() -> None:
    class Session:
        clock: Any = time.monotonic

    assert Session().clock() > 0


def test_a_pin_is_pickled_and_copied_as_a_function_is() -> None:
    assert pickle.loads(pickle.dumps(time.time)) is time.time
    assert pickle.loads(pickle.dumps(random.randrange)) is random.randrange
    assert copy.deepcopy({"clock": time.time})["clock"] is time.time


def test_a_pin_has_the_name_the_text_and_the_arguments_of_the_function() -> None:
    assert (random.randint.__name__, random.randint.__module__) == ("randint", "random")
    assert time.time.__doc__ is not None
    assert list(inspect.signature(random.randint).parameters) == ["a", "b"]


def test_what_was_a_class_still_tells_its_instances() -> None:
    with select.epoll() as poller:
        assert isinstance(poller, select.epoll)
        assert issubclass(type(poller), select.epoll)
    assert not isinstance(3, select.epoll)
    assert callable(select.epoll.fromfd)


def test_a_function_that_this_system_lacks_is_left_out() -> None:
    module = ModuleType("module")
    place(module, "absent", lambda _process: None)
    assert not hasattr(module, "absent")


def test_other_threads_live_in_the_real_world(process: Process) -> None:
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.extend([whose_turn(), time.monotonic(), random.random()]))
    drawn = process.random
    with hosted(process), outside():
        thread.start()
    with hosted(process):
        thread.join()
        second = threading.Event()
        assert whose_turn() is process
    assert not second.is_set()
    assert seen[0] is None
    assert seen[1] != 90.0
    assert process.random is drawn


def test_a_thread_that_runs_while_a_process_is_current_is_not_it(process: Process) -> None:
    go, done, seen = threading.Event(), threading.Event(), []

    def look() -> None:
        go.wait()
        random.random()
        seen.append((whose_turn(), time.monotonic() == 90.0))
        done.set()

    thread = threading.Thread(target=look)
    thread.start()
    with hosted(process):
        go.set()
        while not done.is_set():
            pass
    thread.join()
    assert seen == [(None, False)]
    assert process.pinned is None  # nothing was drawn from it


def test_outside_nobody_is_current_and_then_the_process_is_again(process: Process) -> None:
    with hosted(process):
        with outside():
            assert whose_turn() is None
            assert time.monotonic() != 90.0
        assert whose_turn() is process


def test_what_is_placed_is_found_by_what_it_replaces() -> None:
    assert all(isinstance(pin, Pin) for pin in PLACED.values())
    assert time.time in PLACED.values()


def test_a_pin_costs_little_while_nobody_is_hosted() -> None:
    """A fifth of a microsecond on an idle machine; ten times that would be felt."""
    began = time.process_time()
    for _ in range(20_000):
        time.monotonic()
    assert (time.process_time() - began) / 20_000 < 5e-6
