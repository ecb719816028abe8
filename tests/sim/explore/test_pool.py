"""Children that do one try after another: who does which, and what dies with one of them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.explore.crew import Crew
from herd.sim.explore.pool import Pool, Try

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from herd.sim.explore.children import Tell, Work

LIMIT_S = 30.0


@pytest.fixture
def crew() -> Iterator[Crew[int]]:
    with Crew[int](1, LIMIT_S) as crew:
        yield crew


def tried(pool: Pool, number: int) -> Try:
    """Have a try done, and wait for its end."""
    pool.start(number)
    return ended(pool)


def ended(pool: Pool) -> Try:
    tries: list[Try] = []
    while not tries:
        tries = pool.wait()
    (only,) = tries
    return only


def by_number(function: Callable[[int], Any]) -> Callable[[int], Work]:
    """Return what makes the work of a number."""

    def work_of(number: int) -> Work:
        def work(tell: Tell) -> Any:
            del tell
            return function(number)

        return work

    return work_of


def test_a_process_does_so_many_tries_and_then_a_fresh_one_does(crew: Crew[int]) -> None:
    pool = Pool(crew, by_number(lambda number: (number, os.getpid())), turns=2)
    tries = [tried(pool, number) for number in (5, 6, 7)]
    assert [(each.number, each.ended.value[0], each.before, each.is_last) for each in tries] == [
        (5, 5, 0, False),
        (6, 6, 1, True),
        (7, 7, 0, False),
    ]
    pids = [each.ended.value[1] for each in tries]
    assert pids[0] == pids[1] != pids[2]
    assert os.getpid() not in pids
    assert all(each.ended.cpu_s > 0 for each in tries)


def test_there_are_as_many_children_as_jobs() -> None:
    with Crew[int](2, LIMIT_S) as crew:
        pool = Pool(crew, by_number(lambda number: number))
        pool.start(1)
        assert pool.has_room
        pool.start(2)
        assert not pool.has_room
        done: list[int] = []
        while not done:
            done = [each.number for each in pool.wait()]  # both, if they end at once
        assert pool.has_room
        pool.start(3)
        while len(done) < 3:
            done += [each.number for each in pool.wait()]
        assert sorted(done) == [1, 2, 3]


def test_an_exception_is_told_and_the_process_goes_on(crew: Crew[int]) -> None:
    pool = Pool(crew, by_number(lambda number: 1 // number))
    failed, passed = tried(pool, 0), tried(pool, 1)
    assert failed.ended.cause == "ZeroDivisionError"
    assert failed.ended.text.endswith("ZeroDivisionError: integer division or modulo by zero")
    assert (passed.ended.value, passed.before) == (1, 1)


def test_a_crash_costs_its_try_and_no_other(crew: Crew[int]) -> None:
    pool = Pool(crew, by_number(lambda number: os.abort() if number == 2 else number))
    tries = [tried(pool, number) for number in (1, 2, 3)]
    assert [(each.number, each.ended.cause, each.before) for each in tries] == [
        (1, None, 0),
        (2, "SIGABRT", 1),
        (3, None, 0),
    ]
    assert tries[1].is_last


def test_each_try_has_all_the_time() -> None:
    with Crew[int](1, 0.3) as crew:
        pool = Pool(crew, by_number(lambda number: time.sleep(number / 100)))
        tries = [tried(pool, number) for number in (20, 20, 20, 6000)]
    assert [each.ended.cause for each in tries] == [None, None, None, "time limit"]
    assert tries[-1].ended.text.startswith("it took more than 0.3 s of real time\n")


def test_a_child_that_waits_is_in_no_hurry() -> None:
    with Crew[int](1, 0.1) as crew:
        pool = Pool(crew, by_number(lambda number: number))
        first = tried(pool, 1)
        time.sleep(0.3)
        second = tried(pool, 2)
    assert (first.ended.cause, second.ended.cause, second.before) == (None, None, 1)


def test_a_try_can_be_done_again_by_a_fresh_process(crew: Crew[int]) -> None:
    pool = Pool(crew, by_number(lambda number: (number, os.getpid())))
    before = tried(pool, 1)
    pool.start_afresh(1)
    again = ended(pool)
    assert (again.number, again.before) == (1, 0)
    assert again.ended.value[1] != before.ended.value[1]


def test_a_try_that_is_given_up_takes_its_process_along(crew: Crew[int]) -> None:
    pool = Pool(crew, by_number(time.sleep))
    pool.start(600)
    assert not pool.has_room
    pool.drop(600)
    assert pool.has_room
    assert tried(pool, 0).before == 0


def test_children_end_with_whoever_has_told_them(crew: Crew[int]) -> None:
    """However it ends: their pipes end, and no sister holds them open."""

    def parent(tell: Tell) -> object:
        with Crew[int](2, LIMIT_S) as inner:
            pool = Pool(inner, by_number(lambda _: os.getpid()))
            pool.start(1)
            pool.start(2)
            pids: list[int] = []
            while len(pids) < 2:
                pids += [each.ended.value for each in pool.wait()]
            tell(pids)
            os.kill(os.getpid(), signal.SIGKILL)
        return None

    crew.start(0, parent)
    pids: list[int] = []
    over: list[Any] = []
    while not over:
        news, over = crew.wait()
        pids += [pid for _, told in news for pid in told]
    deadline_s = time.monotonic() + LIMIT_S
    while any(_lives(pid) for pid in pids) and time.monotonic() < deadline_s:
        os.sched_yield()
    assert len(pids) == 2
    assert not any(_lives(pid) for pid in pids)


def _lives(pid: int) -> bool:
    """Tell whether a process runs: one that nobody has waited for is dead, too."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
