"""Reducers: what they try, and how small what they leave is."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.explore.reduce import Reducer, fewer, simpler, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")


def reduce(reducer: Reducer[T], fails: Callable[[tuple[T, ...]], bool]) -> tuple[tuple[T, ...], int]:
    """Drive a reducer; return what it found, and how many candidates were tried."""
    tried = 0
    try:
        candidates = next(reducer)
        while True:
            found = None
            for number, each in enumerate(candidates):
                tried += 1
                if fails(each):
                    found = number
                    break
            candidates = reducer.send(found)
    except StopIteration as ended:
        return ended.value, tried


def test_what_fails_with_nothing_at_all_becomes_nothing() -> None:
    assert reduce(fewer("abcdef"), lambda _: True) == ((), 1)


def test_of_nothing_nothing_can_go() -> None:
    assert reduce(fewer(()), lambda _: True) == ((), 0)


@pytest.mark.parametrize("needed", ["a", "h", "ah", "de", "aceg", "abcdefgh"])
def test_only_what_is_needed_is_left_in_its_order(needed: str) -> None:
    found, _ = reduce(fewer("abcdefgh"), lambda each: set(needed) <= set(each))
    assert "".join(found) == needed


def test_it_asks_about_halves_first() -> None:
    reducer = fewer("abcd")
    assert next(reducer) == [()]
    assert reducer.send(None) == [tuple("cd"), tuple("ab")]
    assert reducer.send(0) == [tuple("d"), tuple("c")]
    with pytest.raises(StopIteration) as ended:
        reducer.send(None)
    assert ended.value.value == tuple("cd")


def test_one_of_a_thousand_is_found_in_a_few_tries() -> None:
    found, tried = reduce(fewer(range(1000)), lambda each: 700 in each)
    assert found == (700,)
    assert tried < 40


@given(count=st.integers(0, 30), needed=st.sets(st.integers(0, 29)), data=st.data())
def test_nothing_that_is_left_can_go(count: int, needed: set[int], data: st.DataObject) -> None:
    # Fails with everything needed, or with any set drawn that is large: not monotonic.
    salt = data.draw(st.integers(0, 1000))
    needed = {each for each in needed if each < count}

    def fails(items: tuple[int, ...]) -> bool:
        return needed <= set(items) or hash((salt, items)) % 7 == 0

    everything = tuple(range(count))
    if not fails(everything):
        return
    found, _ = reduce(fewer(everything), fails)
    assert fails(found)
    assert list(found) == sorted(found)
    for index in range(len(found)):
        assert len(found) == 1 or not fails((*found[:index], *found[index + 1 :]))


def test_a_list_is_split_into_parts_that_are_never_empty() -> None:
    assert split(tuple("abcde"), 2) == [tuple("ab"), tuple("cde")]
    assert split(tuple("abc"), 8) == [tuple("a"), tuple("b"), tuple("c")]


def test_items_become_simpler_one_after_the_other_the_last_first() -> None:
    seen = []

    def halves(number: int) -> Iterator[int]:
        if number:
            yield number // 2

    def fails(items: Sequence[int]) -> bool:
        seen.append(tuple(items))
        return items[0] >= 2 and items[1] >= 3

    assert reduce(simpler((8, 6), halves), fails)[0] == (2, 3)
    assert seen == [(8, 3), (8, 1), (4, 3), (2, 3), (1, 3)]
