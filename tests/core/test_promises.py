"""Promises: each answer is released once, in order, with what became of it."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from herd.core.promises import Outcome, Promises

KEPT, BROKEN = Outcome.KEPT, Outcome.BROKEN


class Answers:
    """Answers that wait, by number, and what became of them."""

    def __init__(self) -> None:
        self.waits = 0
        self.promises = Promises(self.count_wait)
        self.settled: list[tuple[int, Outcome]] = []

    def count_wait(self) -> None:
        self.waits += 1

    def wait(self, now_s: float = 0.0) -> int:
        number = self.promises.moment + 1
        self.promises.wait(lambda outcome: self.settled.append((number, outcome)), now_s)
        return number


def test_an_answer_waits_until_somebody_has_what_it_is_about() -> None:
    answers = Answers()
    answers.wait()
    assert (answers.promises.moment, len(answers.promises), answers.waits) == (1, 1, 1)
    answers.promises.keep(0)
    assert answers.settled == []
    answers.promises.keep(1)
    assert answers.settled == [(1, KEPT)]
    assert len(answers.promises) == 0


def test_one_acknowledgement_releases_all_up_to_its_moment_in_order() -> None:
    answers = Answers()
    for _ in range(5):
        answers.wait()
    answers.promises.keep(3)
    assert answers.settled == [(1, KEPT), (2, KEPT), (3, KEPT)]
    answers.promises.keep(2)
    answers.promises.keep(99)
    assert answers.settled[3:] == [(4, KEPT), (5, KEPT)]


def test_what_a_keeper_could_not_keep_is_broken_and_the_rest_waits_on() -> None:
    answers = Answers()
    for _ in range(3):
        answers.wait()
    answers.promises.fail(2)
    assert answers.settled == [(1, BROKEN), (2, BROKEN)]
    answers.promises.keep(3)
    assert answers.settled[2:] == [(3, KEPT)]


def test_what_has_waited_for_too_long_is_broken() -> None:
    answers = Answers()
    for now_s in (1.0, 2.0, 3.0):
        answers.wait(now_s)
    assert answers.promises.oldest_s == 1.0
    answers.promises.expire(0.99)
    assert answers.settled == []
    answers.promises.expire(2.0)
    assert answers.settled == [(1, BROKEN), (2, BROKEN)]
    assert answers.promises.oldest_s == 3.0
    answers.promises.keep(2)
    answers.promises.expire(3.0)
    assert answers.settled[2:] == [(3, BROKEN)]
    assert answers.promises.oldest_s is None


def test_an_answer_that_asks_for_another_one_when_it_is_released_does_not_release_that() -> None:
    promises = Promises()
    settled: list[str] = []

    def first(_: Outcome) -> None:
        settled.append("first")
        promises.wait(lambda _: settled.append("second"), 0.0)

    promises.wait(first, 0.0)
    promises.keep(1)
    assert settled == ["first"]
    assert (len(promises), promises.moment) == (1, 2)
    promises.keep(2)
    assert settled == ["first", "second"]


class PromisesMachine(RuleBasedStateMachine):
    """Promises beside a plain list of those that wait: number, and since when."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = Answers()
        self.model: list[tuple[int, float]] = []
        self.expected: list[tuple[int, Outcome]] = []
        self.now_s = 0.0

    def settle(self, count: int, outcome: Outcome) -> None:
        self.expected += [(number, outcome) for number, _ in self.model[:count]]
        del self.model[:count]

    @rule(passes_s=st.sampled_from([0.0, 0.5, 1.0]))
    def wait(self, passes_s: float) -> None:
        self.now_s += passes_s
        self.model.append((self.answers.wait(self.now_s), self.now_s))

    @rule(moment=st.integers(0, 20), is_kept=st.booleans())
    def hear(self, moment: int, is_kept: bool) -> None:
        (self.answers.promises.keep if is_kept else self.answers.promises.fail)(moment)
        self.settle(sum(number <= moment for number, _ in self.model), KEPT if is_kept else BROKEN)

    @rule(ago_s=st.sampled_from([0.0, 0.5, 1.0, 2.0]))
    def expire(self, ago_s: float) -> None:
        self.answers.promises.expire(self.now_s - ago_s)
        self.settle(sum(since_s <= self.now_s - ago_s for _, since_s in self.model), BROKEN)

    @invariant()
    def all_is_as_expected(self) -> None:
        assert self.answers.settled == self.expected
        assert len(self.answers.promises) == len(self.model)
        assert self.answers.waits == self.answers.promises.moment


TestPromises = PromisesMachine.TestCase
TestPromises.settings = settings(max_examples=50, stateful_step_count=30)
