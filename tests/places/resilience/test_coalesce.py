"""Coalescing: one request for one question, and everybody's own answer."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, succeed

from herd.places.resilience.coalesce import Coalesce


class Service:
    """Requests that are open until a test ends them."""

    def __init__(self) -> None:
        self.open: list[tuple[str, Deferred[str]]] = []
        self.cancelled: list[str] = []

    def ask(self, key: str) -> Deferred[str]:
        request: Deferred[str] = Deferred(lambda _: self.cancelled.append(key))
        self.open.append((key, request))
        return request


def collect(asked: Deferred[str], into: list[Any]) -> Deferred[str]:
    asked.addCallbacks(into.append, lambda failure: into.append(failure.type))
    return asked


def test_the_same_question_is_asked_once_and_answered_to_all() -> None:
    service, answers = Service(), list[Any]()
    coalesce = Coalesce(service.ask)
    for key in ("a", "b", "a", "a"):
        collect(coalesce.call(key), answers)
    assert [key for key, _ in service.open] == ["a", "b"]
    service.open[0][1].callback("A")
    assert answers == ["A", "A", "A"]
    service.open[1][1].errback(ValueError())
    assert answers == ["A", "A", "A", ValueError]
    assert len(coalesce) == 0


def test_nothing_is_remembered() -> None:
    calls: list[str] = []

    def ask(key: str) -> Deferred[str]:
        calls.append(key)
        return succeed(key.upper())

    coalesce, answers = Coalesce(ask), list[Any]()
    collect(coalesce.call("a"), answers)
    collect(coalesce.call("a"), answers)
    assert (answers, calls) == (["A", "A"], ["a", "a"])


def test_one_who_gives_up_leaves_the_others_waiting() -> None:
    service, mine, yours = Service(), list[Any](), list[Any]()
    coalesce = Coalesce(service.ask)
    me, you = collect(coalesce.call("a"), mine), collect(coalesce.call("a"), yours)
    me.cancel()
    assert (mine, yours, service.cancelled) == ([CancelledError], [], [])
    service.open[0][1].callback("A")
    assert yours == ["A"]
    you.cancel()
    assert mine == [CancelledError]


def test_the_last_to_give_up_cancels_the_request_and_a_new_question_is_a_new_one() -> None:
    service, answers = Service(), list[Any]()
    coalesce = Coalesce(service.ask)
    for each in [collect(coalesce.call("a"), answers) for _ in range(2)]:
        each.cancel()
    assert service.cancelled == ["a"]
    assert answers == [CancelledError, CancelledError]
    collect(coalesce.call("a"), answers)
    service.open[1][1].callback("A")
    assert answers[2:] == ["A"]


def test_a_waiter_may_cancel_another_while_it_is_answered() -> None:
    service, answers = Service(), list[Any]()
    coalesce = Coalesce(service.ask)
    first, second = coalesce.call("a"), coalesce.call("a")
    first.addCallback(lambda _: second.cancel())
    collect(second, answers)
    service.open[0][1].callback("A")
    assert answers == [CancelledError]


def test_one_who_asks_while_being_answered_asks_anew() -> None:
    service, answers = Service(), list[Any]()
    coalesce = Coalesce(service.ask)

    def ask_again(_: str) -> None:
        collect(coalesce.call("a"), answers)

    coalesce.call("a").addCallback(ask_again)
    service.open[0][1].callback("A")
    assert len(service.open) == 2
    service.open[1][1].callback("B")
    assert answers == ["B"]


def test_a_service_that_raises_is_a_failure_for_all() -> None:
    def ask(_: str) -> Deferred[str]:
        raise ZeroDivisionError

    coalesce, answers = Coalesce(ask), list[Any]()
    collect(coalesce.call("a"), answers)
    assert (answers, len(coalesce)) == ([ZeroDivisionError], 0)
