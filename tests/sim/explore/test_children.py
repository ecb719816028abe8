"""Work in forked children: its news, its result, and every way in which there is none."""

from __future__ import annotations

import ctypes
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.explore.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.explore.children import Ended, Tell, Work

LIMIT_S = 30.0


@pytest.fixture
def crew() -> Iterator[Crew[str]]:
    with Crew[str](2, LIMIT_S) as crew:
        yield crew


def outcome(crew: Crew[str], work: Work) -> tuple[list[Any], Ended]:
    crew.start("it", work)
    heard = []
    while True:
        news, ended = crew.wait()
        heard += [each for _, each in news]
        if ended:
            return heard, ended[0][1]


def test_the_result_and_the_news_come_over(crew: Crew[str]) -> None:
    def work(tell: Tell) -> object:
        tell("begun")
        tell({"half": 0.5})
        return ["x" * 1_000_000, os.getpid()]

    news, ended = outcome(crew, work)
    assert news == ["begun", {"half": 0.5}]
    assert ended.value[0] == "x" * 1_000_000
    assert ended.value[1] != os.getpid()
    assert (ended.cause, ended.text) == (None, "")
    assert ended.cpu_s > 0
    assert 0 < ended.real_s < LIMIT_S


def test_what_a_child_changes_it_changes_for_itself(crew: Crew[str]) -> None:
    mine: list[int] = []

    def work(tell: Tell) -> object:
        del tell
        mine.append(1)
        return mine

    assert outcome(crew, work)[1].value == [1]
    assert mine == []


def test_an_exception_is_told_with_its_traceback(crew: Crew[str]) -> None:
    def work(tell: Tell) -> object:
        tell("begun")
        raise KeyError("nothing here")

    news, ended = outcome(crew, work)
    assert (news, ended.value, ended.cause) == (["begun"], None, "KeyError")
    assert ended.text.startswith("Traceback (most recent call last):\n")
    assert ended.text.endswith("\nKeyError: 'nothing here'")


def test_a_result_that_cannot_be_told_is_an_exception(crew: Crew[str]) -> None:
    _, ended = outcome(crew, lambda tell: tell)
    assert ended.cause in {"AttributeError", "PicklingError"}


def test_a_crash_says_where(crew: Crew[str]) -> None:
    def work(tell: Tell) -> object:
        del tell
        return ctypes.string_at(0)

    _, ended = outcome(crew, work)
    assert ended.cause == "SIGSEGV"
    assert ended.text.startswith("its process died of SIGSEGV\n")
    assert "in string_at" in ended.text


def test_an_exit_is_no_result(crew: Crew[str]) -> None:
    _, ended = outcome(crew, lambda _: os._exit(3))
    assert (ended.cause, ended.text) == ("exit", "its process exited with status 3")


def test_a_child_that_takes_too_long_says_where_it_stands() -> None:
    def work(tell: Tell) -> object:
        del tell
        while True:
            pass

    with Crew[str](1, 0.2) as crew:
        _, ended = outcome(crew, work)
    assert ended.cause == "time limit"
    assert ended.text.startswith("it took more than 0.2 s of real time\nCurrent thread ")
    assert "in work" in ended.text
    assert 0.2 <= ended.real_s < 2.0


def test_a_child_that_does_not_even_say_so_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("herd.sim.explore.children.GRACE_S", 0.0)

    def work(tell: Tell) -> object:
        del tell
        os.kill(os.getpid(), signal.SIGSTOP)
        return None

    with Crew[str](1, 0.2) as crew:
        _, ended = outcome(crew, work)
    assert (ended.cause, ended.text) == ("time limit", "it took more than 0.2 s of real time")


def test_a_crew_leaves_no_child_and_no_file() -> None:
    def work(tell: Tell) -> object:
        tell(tempfile.mkdtemp(prefix="left-"))
        time.sleep(LIMIT_S)
        return None

    before = tempfile.gettempdir()
    with Crew[str](2, LIMIT_S) as crew:
        crew.start("a", work)
        crew.start("b", work)
        assert not crew.has_room
        left: list[Path] = []
        while len(left) < 2:
            left += [Path(each) for _, each in crew.wait()[0]]
        pids = [child.pid for child in crew._children.values()]
        assert all(each.is_dir() for each in left)
    assert not any(each.exists() for each in left)
    assert tempfile.gettempdir() == before
    for pid in pids:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, 0)


def test_a_term_signal_ends_the_crew_in_order(crew: Crew[str]) -> None:
    def work(tell: Tell) -> object:
        with Crew[str](1, LIMIT_S) as inner:
            inner.start("inner", lambda _: time.sleep(LIMIT_S))
            tell((os.getpid(), next(iter(inner._children.values())).pid))
            while True:
                inner.wait()

    crew.start("outer", work)
    news: list[Any] = []
    while not news:
        news, _ = crew.wait()
    outer, inner = news[0][1]
    os.kill(outer, signal.SIGTERM)
    ended: list[Any] = []
    while not ended:
        _, ended = crew.wait()
    assert ended[0][1].cause == "SystemExit"
    with pytest.raises(ProcessLookupError):
        os.kill(inner, 0)
