"""Answers leave in the order of their commands, whichever is known first; each one that waits counts."""

from __future__ import annotations

from herd.core.answers import AnswerQueue


def test_answers_that_are_known_leave_at_once() -> None:
    queue = AnswerQueue()
    queue.add(b"a\n")
    queue.add(b"b\nc\n", 2)
    assert (len(queue), queue.take(), queue.take()) == (0, b"a\nb\nc\n", b"")


def test_what_is_known_waits_for_what_is_not() -> None:
    queue = AnswerQueue()
    first, second = queue.reserve(), queue.reserve(3)
    queue.add(b"e\n")
    queue.add(b"f\ng\n", 2)
    assert len(queue) == 7
    queue.fill(second, b"b\nc\nd\n")
    assert (len(queue), queue.take()) == (7, b"")
    queue.fill(first, b"a\n")
    assert (len(queue), queue.take()) == (0, b"a\nb\nc\nd\ne\nf\ng\n")
