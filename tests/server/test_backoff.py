"""Waits between two dials: they double up to a bound, and jitter takes up to a half of each."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.server.backoff import Backoff


class Fixed(random.Random):
    """A random source that always draws the same share of a range."""

    def __init__(self, share: float) -> None:
        super().__init__(0)
        self.share = share

    def random(self) -> float:
        return self.share


@pytest.mark.parametrize(
    ("share", "waits_s"),
    [(0.0, [0.5, 1, 2, 4, 5, 5]), (1.0, [1, 2, 4, 8, 10, 10]), (0.5, [0.75, 1.5, 3, 6, 7.5, 7.5])],
)
def test_waits_double_up_to_the_longest(share: float, waits_s: list[float]) -> None:
    backoff = Backoff(1, 10, Fixed(share))
    assert [backoff.next_s() for _ in waits_s] == waits_s


def test_after_a_success_they_begin_again() -> None:
    backoff = Backoff(1, 10, Fixed(1))
    waits_s = [backoff.next_s() for _ in range(3)]
    backoff.reset()
    assert [backoff.next_s() for _ in range(3)] == waits_s == [1, 2, 4]


def test_after_an_attempt_that_took_long_the_wait_is_as_long() -> None:
    backoff = Backoff(1, 10, Fixed(1))
    assert [backoff.next_s(5.0), backoff.next_s(), backoff.next_s(5.0), backoff.next_s(5.0)] == [5, 2, 5, 8]


def test_however_long_an_attempt_took_the_wait_is_no_longer_than_the_longest() -> None:
    backoff = Backoff(1, 10, Fixed(1))
    assert [backoff.next_s(1000.0) for _ in range(3)] == [10, 10, 10]


def test_after_an_attempt_that_took_long_as_much_of_the_wait_is_drawn() -> None:
    shortest, longest = Backoff(0.1, 10, Fixed(0)), Backoff(0.1, 10, Fixed(1))
    assert (shortest.next_s(5.0), longest.next_s(5.0)) == (2.5, 5.0)


@given(st.integers(), st.floats(0.001, 10), st.floats(1, 100))
def test_no_wait_is_ever_outside_its_bounds_and_a_seed_decides_all(
    seed: int, min_s: float, times: float
) -> None:
    def waits(count: int = 12) -> list[float]:
        backoff = Backoff(min_s, min_s * times, random.Random(seed))
        return [backoff.next_s() for _ in range(count)]

    ceiling_s = min_s
    for wait_s in waits():
        assert ceiling_s / 2 <= wait_s <= ceiling_s
        ceiling_s = min(min_s * times, 2 * ceiling_s)
    assert waits() == waits()


def test_two_servers_with_other_seeds_do_not_dial_in_step() -> None:
    one, other = Backoff(1, 10, random.Random(1)), Backoff(1, 10, random.Random(2))
    assert not {one.next_s() for _ in range(50)} & {other.next_s() for _ in range(50)}
