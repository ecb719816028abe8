"""What is a position, exactly."""

from __future__ import annotations

import re
from decimal import localcontext

import pytest
from hypothesis import example, given

from herd.core.position import Position, is_position, parse_position
from tests.core.strategies import exact, positions

VALID = {
    b"+34.068930-118.445127": Position(34.06893, -118.445127),
    b"+34-118": Position(34.0, -118.0),
    b"+34.06893-118.4": Position(34.06893, -118.4),
    b"-0.0+0.0": Position(-0.0, 0.0),
    b"+0-0": Position(0.0, -0.0),
    b"+90+180": Position(90.0, 180.0),
    b"-90.000-180.0000": Position(-90.0, -180.0),
    b"+089.9+0179.9": Position(89.9, 179.9),
    b"+000000090-000000180": Position(90.0, -180.0),
    b"+89.99999999999999999999999999999+0": Position(90.0, 0.0),
    b"+1." + b"3" * 4000 + b"-1": Position(1.3333333333333333, -1.0),
}

INVALID = [
    *(b"", b"+", b"-", b"+-", b"kiwi", b"nan", b"+nan-nan", b"+inf+inf", b"UCLA"),
    *(b"34.068930-118.445127", b"+34.068930118.445127", b"+34.068930", b"-118", b"34", b"+34,-118"),
    *(b"++34-118", b"+34--118", b"+34-118-1", b"+34-118x", b"x+34-118", b"+34 -118", b"+34-118\n"),
    *(b"+34.-118", b"+34-118.", b"+.5-118", b"+34-.5", b"+3.4.5-118", b"+1_0-118", b"+0x1-118"),
    *(b"+3e1-118", b"+34-1E2", b"+34-118/", b"+34-118CRSWGS_84/", "+٣٤-118".encode(), b"+34\xe2\x88\x92118"),
    *(b"+90.1+0", b"-91-0", b"+900+0", b"+0+180.1", b"-0-181", b"+0+1799", b"+118.445127-34.068930"),
    *(b"+90.0000000000000000001+0", b"+0-180." + b"0" * 60 + b"1", b"-90." + b"0" * 4000 + b"1-0"),
]


@pytest.mark.parametrize(("text", "position"), VALID.items())
def test_positions_are_read(text: bytes, position: Position) -> None:
    assert is_position(text)
    assert parse_position(text) == position


@pytest.mark.parametrize("text", INVALID)
def test_anything_else_is_refused(text: bytes) -> None:
    assert not is_position(text)
    with pytest.raises(ValueError, match="not an ISO 6709 position"):
        parse_position(text)


@given(positions())
@example(b"+90." + b"0" * 40 + b"1+0")
def test_the_range_is_that_of_the_exact_decimals(text: bytes) -> None:
    numbers = re.fullmatch(rb"([+-][0-9]+(?:\.[0-9]+)?)([+-][0-9]+(?:\.[0-9]+)?)", text)
    expected = numbers is not None and abs(exact(numbers[1])) <= 90 and abs(exact(numbers[2])) <= 180
    assert is_position(text) == expected


def test_the_decimal_context_of_the_moment_does_not_matter() -> None:
    with localcontext(prec=1):
        assert is_position(b"+89.9+179.9")
        assert not is_position(b"+90.1+0")
        assert parse_position(b"+34.068930-118.445127") == Position(34.06893, -118.445127)
