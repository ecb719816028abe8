"""A label stands along its line where there is room, and covers no other."""

from __future__ import annotations

from math import cos, hypot, radians, sin
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.pictures.labels import CHARACTER_PX, Labels, Line

if TYPE_CHECKING:
    from herd.sim.pictures.labels import Label

TEN = "0123456789"


def corners(label: Label) -> list[tuple[float, float]]:
    """Return where each character of a label begins."""
    angle = radians(label.degrees)
    steps = [number * CHARACTER_PX for number in range(len(label.text))]
    return [(label.x + step * cos(angle), label.y + step * sin(angle)) for step in steps]


def test_a_label_is_in_the_middle_above_its_line() -> None:
    label = Labels().along(Line(0, 100, 200, 100), TEN, [(0, 200)])
    assert label is not None
    assert label.x == pytest.approx(71.4)
    assert (label.y, label.degrees, label.text) == (96.5, 0.0, TEN)


def test_a_label_is_read_from_left_to_right_whichever_way_the_line_goes() -> None:
    forth = Labels().along(Line(0, 100, 200, 150), TEN, [(0, 200)])
    back = Labels().along(Line(200, 150, 0, 100), TEN, [(0, 200)])
    assert forth == back
    assert forth is not None
    assert forth.degrees == pytest.approx(14.04, abs=0.01)
    up = Labels().along(Line(200, 100, 0, 150), TEN, [(0, 200)])
    assert up is not None
    assert up.degrees == pytest.approx(-14.04, abs=0.01)


def test_a_text_that_is_too_long_is_cut_and_one_that_cannot_be_read_is_not_placed() -> None:
    labels = Labels()
    label = labels.along(Line(0, 100, 200, 100), "x" * 100, [(0, 60)])
    assert label is not None
    assert label.text == "x" * 9 + "…"
    assert labels.along(Line(0, 300, 200, 300), "x" * 100, [(0, 20)]) is None


def test_a_label_takes_the_first_place_that_is_free() -> None:
    labels = Labels()
    places = [(0.0, 100.0), (100.0, 200.0)]
    found = [labels.along(Line(0, 100, 200, 100), TEN, places) for _ in range(3)]
    assert [label and round(label.x) for label in found] == [21, 121, None]


def test_a_label_beside_a_mark_takes_its_room_too() -> None:
    labels = Labels()
    assert labels.beside(20, 100, "killed")
    assert labels.beside(22, 104, "starts") is None
    assert labels.beside(20, 112, "starts")


@pytest.mark.parametrize(("x", "y"), [(17.9, 100), (18.1, 100), (18, 98.9), (18, 99.1)])
def test_what_is_close_is_found_on_every_side(x: float, y: float) -> None:
    labels = Labels()
    assert labels.beside(18, 99, "a")
    assert labels.beside(x, y, "b") is None


_PLACES = st.integers(0, 300)


@given(st.lists(st.tuples(_PLACES, _PLACES, st.integers(320, 600), _PLACES), max_size=30))
def test_no_label_covers_another(lines: list[tuple[int, int, int, int]]) -> None:
    labels = Labels()
    placed = []
    for x1, y1, x2, y2 in lines:
        label = labels.along(Line(x1, y1, x2, y2), TEN, [(300, 320), (x1, x2)])
        if label is not None:
            placed.append(corners(label))
    for number, one in enumerate(placed):
        for other in placed[:number]:
            assert all(hypot(x - u, y - v) > 4 for x, y in one for u, v in other)
