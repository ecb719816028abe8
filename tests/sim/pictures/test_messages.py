"""Sends and arrivals find each other, however bytes were cut and joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine.trace import NOBODY, Kind
from herd.sim.pictures.messages import Matcher
from tests.sim.pictures.small import A, B, trace_of

if TYPE_CHECKING:
    from herd.sim.pictures.messages import Message

Row = tuple[Any, ...]


def matched(*rows: Row) -> list[tuple[Any, ...]]:
    """Return (row of the sending, row of the arrival, fate, size) of each message that there was."""
    matcher = Matcher()
    found: list[Message] = []
    for event in trace_of(*rows, hosts="AB"):
        found += matcher.feed(event)
    return [
        (each.sent.number - 2, each.arrived.number - 2 if each.arrived else None, each.fate.value, each.size)
        for each in [*found, *matcher.rest()]
    ]


def test_a_segment_that_arrives_in_two_pieces_and_two_that_arrive_in_one() -> None:
    assert matched(
        (1, Kind.SEND, A, B, 1, 10, b"0123456789"),
        (2, Kind.SEND, A, B, 1, 3, b"abc"),
        (3, Kind.DELIVER, B, A, 1, 4, b"0123"),
        (4, Kind.DELIVER, B, A, 1, 9, b"456789abc"),
    ) == [(0, 2, "arrived", 4), (0, 3, "arrived", 6), (1, 3, "arrived", 3)]


def test_only_the_first_piece_of_a_segment_begins_it() -> None:
    matcher = Matcher()
    found: list[Message] = []
    for event in trace_of(
        (1, Kind.SEND, A, B, 1, 10), (2, Kind.DELIVER, B, A, 1, 4), (3, Kind.DELIVER, B, A, 1, 6)
    ):
        found += matcher.feed(event)
    assert [each.begins for each in found] == [True, False]


def test_connections_and_directions_are_kept_apart() -> None:
    assert matched(
        (1, Kind.SEND, A, B, 1, 5),
        (1, Kind.SEND, A, B, 2, 5),
        (1, Kind.SEND, B, A, 1, 5),
        (2, Kind.DELIVER, A, B, 1, 5),
        (3, Kind.DELIVER, B, A, 2, 5),
    ) == [(2, 3, "arrived", 5), (1, 4, "arrived", 5), (0, None, "on its way", 5)]


def test_a_lost_attempt_is_lost_and_the_segment_still_arrives() -> None:
    assert matched(
        (1, Kind.SEND, A, B, 1, 5),
        (1, Kind.LOST, A, B, 1, 5),
        (1, Kind.SEND, A, B, 1, 7),
        (250, Kind.DELIVER, B, A, 1, 5),
        (250, Kind.DELIVER, B, A, 1, 7),
    ) == [(1, None, "lost", 5), (0, 3, "arrived", 5), (2, 4, "arrived", 7)]


def test_what_was_not_read_when_the_program_left_is_lost_and_so_is_what_comes_later() -> None:
    assert matched(
        (1, Kind.SEND, A, B, 1, 5),
        (2, Kind.DELIVER, B, A, 1, 2),
        (3, Kind.GONE, B, A, 1, 0, b"ConnectionAborted"),
        (4, Kind.SEND, A, B, 1, 9),
    ) == [(0, 1, "arrived", 2), (0, None, "lost", 3), (3, None, "lost", 9)]


def test_a_connection_opens_there_and_back() -> None:
    assert matched(
        (1, Kind.CONNECT, A, B, 1, 80), (5, Kind.CONNECTED, A, B, 1), (7, Kind.ACCEPT, B, A, 1)
    ) == [(0, 1, "arrived", 0), (1, 2, "arrived", 0)]
    assert matched(
        (1, Kind.CONNECT, A, B, 1, 80), (5, Kind.ACCEPT, B, A, 1), (7, Kind.CONNECTED, A, B, 1)
    ) == [(0, 1, "arrived", 0), (1, 2, "arrived", 0)]


def test_a_connection_that_does_not_open() -> None:
    assert matched(
        (1, Kind.CONNECT, A, B, 1, 80),
        (1, Kind.CONNECT, A, B, 2, 80),
        (1, Kind.CONNECT, A, B, 3, 80),
        (5, Kind.REFUSED, A, B, 1),
        (60, Kind.TIMED_OUT, A, B, 2),
    ) == [(0, 3, "refused", 0), (1, 4, "lost", 0), (2, None, "on its way", 0)]


def test_the_end_of_a_connection_reaches_the_other_end() -> None:
    assert matched(
        (1, Kind.FIN, A, B, 1),
        (4, Kind.FIN, B, A, 1),
        (4, Kind.GONE, B, A, 1, 0, b"ConnectionDone"),
        (8, Kind.GONE, A, B, 1, 0, b"ConnectionDone"),
    ) == [(0, 2, "arrived", 0), (1, 3, "arrived", 0)]


def test_who_resets_a_connection_loses_it_by_its_own_deed() -> None:
    assert matched(
        (1, Kind.FIN, A, B, 1),
        (2, Kind.SEND, A, B, 1, 3),
        (2, Kind.RESET, B, A, 1),
        (2, Kind.GONE, B, A, 1, 0, b"ConnectionAborted"),
        (8, Kind.GONE, A, B, 1, 0, b"ConnectionLost"),
    ) == [(1, None, "lost", 3), (2, 4, "arrived", 0)]


def test_copies_of_a_datagram_arrive_or_do_not() -> None:
    assert matched(
        (1, Kind.DATAGRAM, A, B, 1, 4),
        (1, Kind.DATAGRAM, A, B, 2, 4),
        (1, Kind.DATAGRAM, A, B, 3, 4),
        (2, Kind.DATAGRAM_IN, B, A, 1, 4),
        (3, Kind.DATAGRAM_IN, B, A, 1, 4),
        (4, Kind.DATAGRAM_LOST, A, B, 2, 4),
    ) == [(0, 3, "arrived", 4), (0, 4, "arrived", 4), (1, None, "lost", 4), (2, None, "on its way", 4)]


def test_arrivals_of_what_nobody_sent_are_no_messages() -> None:
    assert (
        matched(
            (1, Kind.DELIVER, B, A, 1, 5),
            (1, Kind.ACCEPT, B, A, 2),
            (1, Kind.REFUSED, A, B, 3),
            (1, Kind.DATAGRAM_IN, B, A, 4, 5),
            (1, Kind.GONE, B, A, 5),
            (1, Kind.TIMER, A, NOBODY, 0, 0, b"tick"),
        )
        == []
    )


@given(st.lists(st.integers(1, 20), min_size=1, max_size=20), st.data())
def test_every_byte_that_arrives_was_sent_once(sizes: list[int], data: st.DataObject) -> None:
    total = sum(sizes)
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=20)))
    pieces = [end - begin for begin, end in zip([0, *cuts], [*cuts, total], strict=True) if end > begin]
    found = matched(
        *((1, Kind.SEND, A, B, 1, size) for size in sizes),
        *((2, Kind.DELIVER, B, A, 1, piece) for piece in pieces),
    )
    sent_bytes = [number for number, size in enumerate(sizes) for _ in range(size)]
    read_bytes = [number for number, piece in enumerate(pieces) for _ in range(piece)]
    expected = [(sent, read + len(sizes)) for sent, read in zip(sent_bytes, read_bytes, strict=True)]
    assert [(sent, read) for sent, read, _, size in found for _ in range(size)] == expected
    assert {fate for _, _, fate, _ in found} == {"arrived"}
