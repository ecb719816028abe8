"""Histories as they are written down, and read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.core.errors import HerdError
from herd.sim.herds.history import History, Operation, Session, kind_of


class Clock:
    now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def test_a_history_tells_who_said_what_when_and_what_came_back() -> None:
    clock = Clock()
    history = History(clock)
    clock.now_ns = 5
    session = history.open("somebody", "Alford")
    clock.now_ns = 6
    first = history.begin(session, b"IAMAT kiwi +1-1 5\n")
    second = history.begin(session, b"WHATSAT kiwi 10 5\r\n")
    third = history.begin(session, b"AT x\n")
    clock.now_ns = 8
    history.answer(first, b"AT Alford +1.000000000 kiwi +1-1 5\n")
    clock.now_ns = 9
    history.close(session, "lost", b"rest")
    clock.now_ns = 10
    history.finish()
    assert history.sessions == [Session(0, "somebody", "Alford", 5, 9, "lost", b"rest")]
    assert history.operations == [
        Operation(
            first,
            0,
            "Alford",
            "report",
            b"IAMAT kiwi +1-1 5\n",
            6,
            8,
            b"AT Alford +1.000000000 kiwi +1-1 5\n",
        ),
        Operation(second, 0, "Alford", "query", b"WHATSAT kiwi 10 5\r\n", 6),
        Operation(third, 0, "Alford", "invalid", b"AT x\n", 6),
    ]
    assert [each.number for each in history.unanswered] == [second, third]
    assert history.end_ns == 10


def test_the_limit_of_client_ids_decides_what_is_a_report() -> None:
    assert kind_of(b"IAMAT kiwi +1-1 5\n", 4) == "report"
    assert kind_of(b"IAMAT kiwi +1-1 5\n", 3) == "invalid"


@given(st.lists(st.tuples(st.binary(), st.none() | st.binary(), st.integers(0, 2**62))), st.binary())
def test_what_is_written_is_read_back(
    exchanges: list[tuple[bytes, bytes | None, int]], unasked: bytes
) -> None:
    clock = Clock()
    history = History(clock)
    session = history.open("somebody", "Ärger")
    for command, answer, now_ns in exchanges:
        clock.now_ns = now_ns
        number = history.begin(session, command)
        if answer is not None:
            history.answer(number, answer)
    history.close(session, "server", unasked)
    history.part(history.meet("stranger", "Alford", b""), b"\xff", b"HERD\n")
    history.finish()
    lines = list(history.to_lines())
    assert len(lines) == len(exchanges) + 3
    assert not any("\n" in line for line in lines)
    again = History.from_lines(lines)
    assert again == history
    assert list(again.to_lines()) == lines


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([], "a history has at least one line, and there is none"),
        (["{}"], "line 1 is not of a history of version 1: 'history'"),
        (['{"history": 2}'], "line 1 is not of a history of version 1: it is of version 2"),
        (["nonsense"], "line 1 is not of a history of version 1: Expecting value: line 1 column 1 (char 0)"),
        ([*History().to_lines(), '["rumor"]'], "line 2 is not of a history of version 1: "),
        ([*History().to_lines(), '["session", 1]'], "line 2 is not of a history of version 1: "),
    ],
)
def test_what_is_no_history_is_an_error_that_names_the_line(lines: list[str], text: str) -> None:
    with pytest.raises(HerdError) as caught:
        History.from_lines(lines)
    assert str(caught.value).startswith(text)
