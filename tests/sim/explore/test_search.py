"""Which try starts, and which failure counts, whatever finishes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from herd.sim.explore.search import Search


def test_numbers_start_in_order_until_there_are_no_more() -> None:
    search = Search(3)
    assert [search.next() for _ in range(4)] == [0, 1, 2, None]
    assert not search.over
    for number in (2, 0, 1):
        search.done(number, failed=False)
    assert (search.over, search.passed, search.lowest) == (True, 3, None)


def test_after_a_failure_no_greater_one_starts_and_smaller_ones_are_awaited() -> None:
    search = Search(10)
    assert [search.next() for _ in range(4)] == [0, 1, 2, 3]
    search.done(2, failed=True)
    assert (search.next(), search.over, search.surplus()) == (None, False, [3])
    search.dropped(3)
    search.done(0, failed=False)
    assert not search.over
    search.done(1, failed=True)
    assert (search.over, search.lowest) == (True, 1)


def test_with_every_nothing_stops_it() -> None:
    search = Search(3, every=True)
    for number in range(3):
        assert search.next() == number
        search.done(number, failed=True)
    assert (search.next(), search.over, search.failed, search.surplus()) == (None, True, [0, 1, 2], [])


def test_a_search_of_nothing_is_over() -> None:
    assert Search(0).over


@given(
    failing=st.lists(st.booleans(), max_size=20),
    jobs=st.integers(1, 5),
    order=st.randoms(use_true_random=False),
)
def test_the_lowest_failure_is_that_of_one_after_the_other(
    failing: list[bool], jobs: int, order: object
) -> None:
    search = Search(len(failing))
    while not search.over:
        while len(search.working) < jobs and search.next() is not None:
            pass
        number = order.choice(search.working)  # type: ignore[attr-defined]
        search.done(number, failed=failing[number])
        for each in search.surplus():
            search.dropped(each)
    assert search.lowest == (failing.index(True) if True in failing else None)
