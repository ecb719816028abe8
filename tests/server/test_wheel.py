"""Numbers are taken when they are due: once, none too early, and no later than the next look."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from herd.server.wheel import Wheel


def test_what_is_due_is_taken_once_and_the_oldest_first() -> None:
    wheel = Wheel()
    wheel.put(1, 30.5)
    wheel.put(2, 10.0)
    wheel.put(3, 20.0)
    assert wheel.take_due(9.9) == []
    assert wheel.take_due(20.0) == [2, 3]
    assert wheel.take_due(30.0) == [1]  # due from the second on that its time lies in
    assert wheel.take_due(1e9) == []


def test_a_number_is_filed_once_and_what_is_removed_is_not_due() -> None:
    wheel = Wheel()
    wheel.put(1, 10.0)
    wheel.put(1, 20.0)
    wheel.put(2, 20.0)
    wheel.remove(2)
    wheel.remove(3)
    assert wheel.take_due(19.0) == []
    assert wheel.take_due(20.0) == [1]


def test_what_is_filed_in_the_past_is_due_at_the_next_look() -> None:
    wheel = Wheel()
    wheel.put(1, 10.0)
    assert wheel.take_due(50.0) == [1]
    wheel.put(1, 10.0)
    assert wheel.take_due(51.0) == [1]


def test_numbers_that_come_and_go_leave_nothing() -> None:
    wheel = Wheel()
    for number in range(1000):
        wheel.put(number, 3600.0)
        wheel.remove(number)
    assert (wheel._seconds, wheel._second_of) == ([3600], {})
    assert wheel.take_due(3600.0) == []
    assert (wheel._seconds, wheel._numbers) == ([], {})


Steps = st.lists(
    st.tuples(st.sampled_from(["put", "remove", "take"]), st.integers(0, 5), st.floats(0, 100)), max_size=40
)


@given(Steps)
def test_it_does_what_a_plain_dictionary_would(steps: list[tuple[str, int, float]]) -> None:
    wheel, plain = Wheel(), dict[int, float]()
    for step, number, at_s in steps:
        if step == "put":
            wheel.put(number, at_s)
            plain[number] = at_s
        elif step == "remove":
            wheel.remove(number)
            plain.pop(number, None)
        else:
            due = [each for each, when_s in plain.items() if int(when_s) <= at_s]
            assert sorted(wheel.take_due(at_s)) == sorted(due)
            for each in due:
                del plain[each]
