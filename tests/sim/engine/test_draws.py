"""The generator of all randomness, pure and compiled: one sequence of numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine import draws, native
from herd.sim.engine.chance import Chance, Tape

both = pytest.mark.parametrize("kind", dict.fromkeys([draws.Draws, native.Draws]))
"""They are one where nothing is compiled."""

SEED = 0x0123456789ABCDEF_FEDCBA9876543210
INT64 = st.integers(-(2**63), 2**63 - 1)


@both
def test_the_first_draws(kind: type[draws.Draws]) -> None:
    state = SEED | 1
    drawn = kind(SEED)
    for _ in range(100):
        state = state * 0xDA942042E4DD58B5 % 2**128
        assert drawn.bits() == state >> 64


@given(st.integers(), st.lists(st.one_of(st.none(), st.integers(0, 1), st.tuples(INT64, INT64).map(sorted))))
def test_both_draw_the_same(seed: int, asked: list[list[int] | int | None]) -> None:
    pure, compiled = draws.Draws(seed), native.Draws(seed)
    for each in asked:
        if each is None:
            assert pure.bits() == compiled.bits()
        elif isinstance(each, list):
            assert pure.integer(*each) == compiled.integer(*each)
        elif each == 0:
            assert pure.random() == compiled.random()
        else:
            assert pure.normal() == compiled.normal()


@both
def test_integers_stay_in_their_range(kind: type[draws.Draws]) -> None:
    drawn = kind(SEED)
    assert {drawn.integer(-1, 1) for _ in range(100)} == {-1, 0, 1}
    assert [drawn.integer(7, 7) for _ in range(3)] == [7, 7, 7]


@given(st.integers(0, 2**64 - 1))
def test_a_tape_decides_every_way_of_drawing(bits: int) -> None:
    tape = Tape({("a", 0): bits, ("a", 1): bits, ("a", 2): bits})
    stream = Chance(1, tape).stream("a")
    assert stream.bits() == bits
    assert stream.random() == (bits >> 11) * 2.0**-53
    assert stream.integer(-3, 6) == -3 + (bits * 10 >> 64)
    plain, taped = Chance(1).stream("b"), Chance(1, Tape()).stream("b")
    assert (plain.random(), plain.integer(0, 9)) == (taped.random(), taped.integer(0, 9))
    assert plain.normal() == taped.normal()
