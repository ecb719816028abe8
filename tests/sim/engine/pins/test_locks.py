"""Locks in a hosted program."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.pins.escapes import Escape
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process


def test_a_lock_is_taken_and_given_back(process: Process) -> None:
    with hosted(process):
        lock = threading.Lock()
        with lock:
            assert lock.locked()
            assert not lock.acquire(blocking=False)
        assert not lock.locked()
        with pytest.raises(RuntimeError):
            lock.release()


@pytest.mark.parametrize("timeout", [-1, 5.0])
def test_who_waits_for_a_lock_escapes(process: Process, timeout: float) -> None:
    with hosted(process):
        lock = threading.Lock()
        lock.acquire()
        with pytest.raises(Escape, match=r"test_locks\.py:.*DeferredLock"):
            lock.acquire(timeout=timeout)


def test_a_lock_that_a_library_has_kept_works_in_real_threads(process: Process) -> None:
    with hosted(process):
        lock = threading.Lock()
        lock.acquire()
    waiter = threading.Thread(target=lock.acquire, args=(True, 60.0))
    waiter.start()
    lock.release()
    waiter.join()
    assert lock.locked()


def test_conditions_and_semaphores_are_made_of_it(process: Process) -> None:
    with hosted(process):
        condition = threading.Condition(threading.Lock())
        with condition:
            condition.notify_all()
        semaphore = threading.Semaphore(1)
        assert semaphore.acquire(timeout=1.0)
        assert not semaphore.acquire(blocking=False)
