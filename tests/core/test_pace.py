"""The pace of a connection: a second's worth at once, then so many a second, and nothing is forgiven."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.core.pace import Pace


def test_a_new_connection_may_say_a_seconds_worth_at_once() -> None:
    pace = Pace(10)
    assert pace.take(0, 100.0) == 0
    pace.take(10, 100.0)
    assert pace.take(0, 100.0) == 0
    pace.take(1, 100.0)
    assert pace.take(0, 100.0) == pytest.approx(0.1)


def test_who_is_ahead_waits_until_that_is_made_up_for() -> None:
    pace = Pace(10)
    pace.take(30, 100.0)
    assert pace.take(0, 100.0) == pytest.approx(2.0)
    assert pace.take(0, 101.5) == pytest.approx(0.5)
    assert pace.take(0, 102.0) == pytest.approx(0.0)
    assert pace.take(0, 200.0) == 0


def test_who_was_idle_has_saved_up_a_second_and_no_more() -> None:
    pace = Pace(10)
    pace.take(10, 100.0)
    pace.take(10, 100_000.0)
    assert pace.take(0, 100_000.0) == 0
    pace.take(1, 100_000.0)
    assert pace.take(0, 100_000.0) == pytest.approx(0.1)


@pytest.mark.parametrize("per_s", [0.001, 0.5, 3.0, 100_000.0])
def test_one_who_always_waits_as_told_keeps_the_pace(per_s: float) -> None:
    pace, now_s = Pace(per_s), 1000.0
    for _ in range(1000):
        now_s += pace.take(0, now_s)
        pace.take(1, now_s)
    now_s += pace.take(0, now_s)
    assert now_s - 1000.0 == pytest.approx(1000 / per_s - 1.0 if per_s < 1000 else 0.0, rel=1e-6)


@given(
    st.floats(0.1, 1000),
    st.lists(st.tuples(st.floats(0, 10), st.integers(1, 100)), min_size=1, max_size=30),
)
def test_in_no_stretch_of_time_is_more_answered_than_its_seconds_and_one_more_allow(
    per_s: float, steps: list[tuple[float, int]]
) -> None:
    pace, now_s = Pace(per_s), 0.0
    taken: list[tuple[float, int]] = []
    for passes_s, count in steps:
        now_s += passes_s
        now_s += pace.take(0, now_s)
        pace.take(count, now_s)
        taken.append((now_s, count))
    for start, (began_s, _) in enumerate(taken):
        for end in range(start, len(taken)):
            # The last burst may go over, and is waited for afterwards.
            before_last = sum(count for _, count in taken[start:end])
            assert before_last <= (taken[end][0] - began_s + 1) * per_s + 1e-6 * per_s + 1e-6
