"""The rows of a trace, pure and compiled: the columns that traceblocks tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine.traceblocks import BLOCK_EVENTS, decode, encode
from tests.sim.engine.twins import CHOSEN, PURE, both

if TYPE_CHECKING:
    from tests.sim.engine.twins import Parts

INT32 = st.integers(0, 2**32 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
ROW = st.tuples(
    st.one_of(st.sampled_from([10, 11, 16, 17]), st.integers(0, 255)),
    st.integers(0, 2**62),
    INT32,
    INT32,
    INT64,
    INT64,
    st.binary(max_size=120),
)


def timer(number: int) -> tuple[Any, ...]:
    return (4, number, 0, 2**32 - 1, 0, 0, b"tick")


def excerpt(kind: int, data: bytes) -> bytes:
    """What is kept: of sent bytes that are cut short, a checksum as well."""
    if len(data) <= 96 or kind not in {10, 16}:
        return data[:96]
    return data[:96] + crc32(data).to_bytes(4, "little")


@given(st.lists(ROW, min_size=1, max_size=40))
def test_both_make_the_same_columns(rows: list[tuple[Any, ...]]) -> None:
    pure, compiled = PURE.Rows(), CHOSEN.Rows()
    for row in rows:
        pure.add(*row)
        compiled.add(*row)
    kept = [(*row[:6], excerpt(row[0], row[6])) for row in rows]
    assert pure.held == compiled.held == len(rows)
    assert pure.columns() == compiled.columns() == encode(kept)
    assert decode(compiled.columns(), len(rows)) == kept


@both
def test_a_whole_block_is_given_away(parts: Parts) -> None:
    class Blocks(parts.Rows):  # type: ignore[misc,name-defined]
        blocks: list[bytes]

        def end_block(self) -> None:
            self.blocks.append(self.columns())
            self.clear()

    rows = Blocks()
    rows.blocks = []
    for number in range(2 * BLOCK_EVENTS + 3):
        rows.add(*timer(number))
    assert rows.held == 3
    expected = [timer(number) for number in range(2 * BLOCK_EVENTS)]
    assert [decode(block, BLOCK_EVENTS) for block in rows.blocks] == [
        expected[:BLOCK_EVENTS],
        expected[BLOCK_EVENTS:],
    ]


@both
def test_a_block_that_cannot_be_given_away_is_an_error_each_time(parts: Parts) -> None:
    class Full(parts.Rows):  # type: ignore[misc,name-defined]
        def end_block(self) -> None:
            raise OSError("disk full")

    rows = Full()
    for number in range(BLOCK_EVENTS - 1):
        rows.add(*timer(number))
    for _ in range(3):
        with pytest.raises(OSError, match="disk full"):
            rows.add(*timer(0))


@both
def test_closed_rows_take_no_more_and_keep_what_they_have(parts: Parts) -> None:
    rows = parts.Rows()
    rows.add(*timer(1))
    rows.closed = True
    with pytest.raises(ValueError, match="this trace is closed"):
        rows.add(*timer(2))
    assert rows.closed
    assert rows.columns() == encode([timer(1)])


@both
@pytest.mark.parametrize("row", [(1, 0, 2**32, 0, 0, 0), (1, 0, 0, -1, 0, 0), (1, 2**63, 0, 0, 0, 0)])
def test_a_number_that_does_not_fit_is_an_error(parts: Parts, row: tuple[int, ...]) -> None:
    rows = parts.Rows()

    def write() -> None:
        rows.add(*row)
        rows.columns()

    with pytest.raises(OverflowError):
        write()


@given(st.lists(ROW, min_size=1, max_size=20), st.binary(min_size=1, max_size=3), st.integers(0, 3))
def test_both_hide_the_same(rows: list[tuple[Any, ...]], hidden: bytes, times: int) -> None:
    pure, compiled = PURE.Rows(), CHOSEN.Rows()
    pure.hidden = compiled.hidden = hidden
    told = [(*row[:6], row[6][:50] + times * hidden + row[6][50:]) for row in rows]
    for row in told:
        pure.add(*row)
        compiled.add(*row)
    shown = [
        (*row[:6], row[6].replace(hidden, b"") if row[0] in {10, 11, 16, 17} else row[6]) for row in told
    ]
    assert (
        pure.columns() == compiled.columns() == encode([(*row[:6], excerpt(row[0], row[6])) for row in shown])
    )
