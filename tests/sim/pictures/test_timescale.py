"""Time goes down, never up; quiet is folded; ticks are round and in order."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from herd.sim.pictures.timescale import Piece, Tick, TimeScale

MS = 1_000_000


def test_a_typical_message_has_a_slope_and_quiet_is_a_fold() -> None:
    scale = TimeScale([0, 10 * MS, 5000 * MS, 5005 * MS], 10 * MS, 2, 100.0)
    assert scale.pieces == [
        Piece(0, 10 * MS, 100.0, 162.0, is_fold=False),
        Piece(10 * MS, 5000 * MS, 162.0, 208.0, is_fold=True),
        Piece(5000 * MS, 5005 * MS, 208.0, 239.0, is_fold=False),
    ]
    assert scale.bottom == 239.0
    assert [scale.y(each * MS) for each in (0, 5, 10, 2505, 5000, 5005)] == [100, 131, 162, 185, 208, 239]


def test_what_lies_outside_goes_on_at_the_same_scale() -> None:
    scale = TimeScale([0, 10 * MS], 10 * MS, 1, 100.0)
    assert (scale.y(-10 * MS), scale.y(20 * MS)) == (38.0, 224.0)


def test_many_things_get_more_room() -> None:
    few = TimeScale(range(0, 100 * MS, 10 * MS), 10 * MS, 10, 0.0)
    many = TimeScale(range(0, 100 * MS, 10 * MS), 10 * MS, 100, 0.0)
    assert few.bottom == 9 * 62.0
    assert round(many.bottom) == 100 * 9


def test_no_picture_is_endless() -> None:
    assert TimeScale(range(0, 100_000 * MS, 10 * MS), 10 * MS, 10_000, 0.0).bottom <= 30_001


def test_ticks_are_round_and_stand_where_stretches_begin() -> None:
    scale = TimeScale([3 * MS, 30 * MS, 5000 * MS, 5025 * MS], 10 * MS, 2, 100.0)
    assert scale.ticks() == [
        Tick(100.0, "0.003000 s"),
        Tick(scale.y(20 * MS), "0.02 s"),
        Tick(scale.y(5000 * MS), "5.000000 s"),
        Tick(scale.y(5020 * MS), "5.02 s"),
    ]


def test_one_moment_is_a_picture() -> None:
    scale = TimeScale([7 * MS], 1, 1, 100.0)
    assert (scale.y(7 * MS), scale.bottom) == (100.0, 100.0)
    assert scale.ticks() == [Tick(100.0, "0.007000 s")]


@given(
    st.lists(st.integers(0, 10**12), min_size=1, max_size=40),
    st.integers(0, 10**10),
    st.integers(0, 2000),
    st.lists(st.integers(-(10**9), 10**12), min_size=2),
)
def test_later_is_never_higher(times: list[int], typical_ns: int, things: int, asked: list[int]) -> None:
    scale = TimeScale(times, typical_ns, things, 50.0)
    places = [scale.y(each) for each in sorted(asked)]
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(places))
    ticks = [tick.y for tick in scale.ticks()]
    assert ticks == sorted(ticks)
    assert len(ticks) <= 1500
