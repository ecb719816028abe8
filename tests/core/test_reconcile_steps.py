"""The steps of a walk as lines, and neighbors that do not keep to it: an error, or harmless."""

from __future__ import annotations

from collections import deque
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herd.core.errors import LinkError
from herd.core.limits import Limits
from herd.core.reconcile import MAX_LEAF_RECORDS, Step, parse_step
from tests.core.walks import IDS, Side

DIGEST: Final = bytes(range(0xA0, 0xA8))

PATHS = st.text("0123456789abcdef", max_size=4)
FULL_PATHS = st.text("0123456789abcdef", min_size=2, max_size=4)
DIGESTS = st.binary(min_size=8, max_size=8)


def tuples(minimum: int, maximum: int) -> st.SearchStrategy[tuple[bytes, ...]]:
    return st.lists(DIGESTS, min_size=minimum, max_size=maximum).map(tuple)


STEPS = st.one_of(
    st.builds(Step, st.just("ROOT"), st.just(""), tuples(1, 1)),
    st.builds(Step, st.just("NODE"), st.text("0123456789abcdef", max_size=3), tuples(16, 16)),
    st.builds(Step, st.sampled_from(["LEAF", "WANT"]), FULL_PATHS, tuples(1, 20)),
    st.builds(Step, st.just("GIVE"), PATHS),
    st.builds(Step, st.sampled_from(["TURN", "DONE"])),
)


@given(STEPS)
def test_a_step_is_read_as_it_was_written(step: Step) -> None:
    assert parse_step(step.to_line()) == step
    assert parse_step(step.to_line() + b"\n") is None


def test_the_longest_step_fits_on_a_line_of_a_link() -> None:
    step = Step("LEAF", "ffff", (DIGEST,) * MAX_LEAF_RECORDS)
    assert len(step.to_line()) < 4096
    assert parse_step(step.to_line()) == step
    assert parse_step(Step("LEAF", "ffff", (DIGEST,) * (MAX_LEAF_RECORDS + 1)).to_line()) is None


HEX = DIGEST.hex().encode()
BROKEN = [
    b"",
    b"ROOT",
    b"ROOT - " + HEX,
    b"ROOT " + HEX * 2,
    b"ROOT " + HEX[:-1],
    b"ROOT " + HEX.upper(),
    b"root " + HEX,
    b"NODE " + HEX * 16,
    b"NODE - " + HEX * 15,
    b"NODE - " + HEX * 17,
    b"NODE 12345 " + HEX * 16,
    b"NODE 1234 " + HEX * 16,
    b"NODE g " + HEX * 16,
    b"LEAF 1 " + HEX,
    b"LEAF - " + HEX,
    b"LEAF 12",
    b"WANT 1 " + HEX,
    b"WANT 12",
    b"GIVE",
    b"GIVE 12 " + HEX,
    b"GIVE  12",
    b"TURN 12",
    b"TURN " + HEX,
    b"DONE -",
    b"DONE ",
    b"STOP",
]


@pytest.mark.parametrize("line", BROKEN)
def test_what_is_no_step_is_none(line: bytes) -> None:
    assert parse_step(line) is None


# Neighbors that do not keep to the walk.


def walking() -> Side:
    """Return a side that has begun, and waits for an answer."""
    side = Side("Alford", "Ball", dict.fromkeys(IDS, 1), Limits())
    side.reconciler.begin()
    while not side.said:
        side.write(deque(), 1)
    return side


@pytest.mark.parametrize("verb", ["NODE", "LEAF", "WANT", "GIVE", "TURN", "DONE"])
def test_a_step_out_of_any_walk_is_an_error(verb: str) -> None:
    side = Side("Alford", "Ball", {}, Limits())
    with pytest.raises(LinkError, match=f"sent {verb} with no reconciliation under way"):
        side.reconciler.take(Step(verb, "12", (DIGEST,) * 16))


def test_more_steps_than_a_tree_has_nodes_are_an_error_and_so_the_queue_is_bounded() -> None:
    side = walking()
    give = Step("GIVE", "00")
    for _ in range(2 * 65_536):
        side.reconciler.take(give)
    with pytest.raises(LinkError, match="sent more digests than there are"):
        side.reconciler.take(give)
    assert len(side.reconciler._queue) == 2 * 65_536


@settings(max_examples=50)
@given(st.lists(STEPS, max_size=30), st.booleans())
def test_nonsense_in_good_form_changes_no_record_and_ends(steps: list[Step], is_walking: bool) -> None:
    side = walking() if is_walking else Side("Alford", "Ball", dict.fromkeys(IDS, 1), Limits())
    before = side.records
    for step in steps:
        try:
            side.reconciler.take(step)
        except LinkError:
            break
        for _ in range(3):
            if side.reconciler.has_work:
                side.reconciler.work()
    for _ in range(100_000):
        if not side.reconciler.has_work:
            break
        side.reconciler.work()
    assert not side.reconciler.has_work
    assert side.records == before
    assert set(side.outbox.take(1 << 30)) <= set(before.values())


def test_fingerprints_that_nobody_has_are_asked_for_once_and_given_by_nobody() -> None:
    side = walking()
    side.reconciler.take(Step("LEAF", "12", (DIGEST,)))
    side.reconciler.take(Step("WANT", "12", (DIGEST,)))
    assert side.reconciler.work() == [b"WANT 12 " + HEX]
    assert not side.outbox
