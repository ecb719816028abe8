"""The client protocol on one connection: every answer, exact and in order, however the bytes come."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.strategies import cut
from tests.server.parts import AT, IAMAT, POSITION, ClientSide, at_line, places_text

Expected: TypeAlias = list[bytes | None]
"""Answers in the order of their commands; None for the next one with places."""


def test_the_specifications_own_example_is_answered_as_it_says() -> None:
    alford = ClientSide()
    client = alford.connect(b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450\n")
    assert client.take() == (
        b"AT Alford +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450\n"
    )
    client.receive(b"WHATSAT kiwi.cs.ucla.edu 10 5\n")
    (asked,) = alford.places.asked
    assert (asked.question.radius_km, asked.question.bound) == (10.0, 5)
    assert (asked.question.position.latitude, asked.question.position.longitude) == (34.068930, -118.445127)
    asked.answer("Powell Library")
    assert client.take() == (
        b"AT Alford +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450\n"
        + places_text("Powell Library")
        + b"\n\n"
    )


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (IAMAT.replace(b"\n", b"\r\n"), AT.replace(b"\n", b"\r\n")),
        (b" \tIAMAT\x0b kiwi \x0c+34.068930-118.445127\r1479413884.392014450 \n", AT),
        (
            b"IAMAT \xff\xfe +1-1 1479413884.655887836\n",
            b"AT Alford +0.000000000 \xff\xfe +1-1 1479413884.655887836\n",
        ),
        (b"\n", b"? \n"),
        (b" \r\n", b"?  \r\n"),
        (b"iamat kiwi +1-1 1\n", b"? iamat kiwi +1-1 1\n"),
        (b"WHATSAT nobody 10 5\r\n", b"? WHATSAT nobody 10 5\r\n"),
        (AT, b"? " + AT),
        (b"IAMAT \x1b[31m\xff one field too many\n", b"? IAMAT \x1b[31m\xff one field too many\n"),
    ],
)
def test_one_line_gets_one_answer(said: bytes, answered: bytes) -> None:
    alford = ClientSide()
    client = alford.connect(said)
    assert client.take() == answered
    assert alford.end(client) == b""
    assert not client.is_connected
    assert not client.was_aborted


def test_an_at_from_a_client_changes_nothing() -> None:
    alford = ClientSide()
    alford.connect(AT)
    assert len(alford.replica.cache) == 0


def test_an_answer_with_places_ends_its_lines_as_the_command_did() -> None:
    alford = ClientSide()
    client = alford.connect(IAMAT + b"WHATSAT kiwi 0 1\r\n")
    client.take()
    alford.places.asked[0].answer("A")
    assert client.take() == AT[:-1] + b"\r\n" + places_text("A") + b"\r\n\r\n"


@pytest.mark.parametrize("last", [IAMAT, IAMAT[:-1], IAMAT[:-1] + b"\r"])
def test_a_last_line_is_answered_with_and_without_its_ending(last: bytes) -> None:
    alford = ClientSide()
    client = alford.connect(last)
    assert client.take() + alford.end(client) == AT
    assert not client.is_connected


def test_an_invalid_last_line_without_an_ending_is_a_command_too() -> None:
    alford = ClientSide()
    client = alford.connect(b"WHAT")
    assert alford.end(client) == b"? WHAT\n"


def test_all_answers_to_one_chunk_leave_in_one_write() -> None:
    alford = ClientSide()
    client = alford.connect(IAMAT + b"x\n" + IAMAT + IAMAT + b"WHATSAT nobody 1 1\n")
    assert client.writes == [AT + b"? x\n" + AT + AT + b"? WHATSAT nobody 1 1\n"]


def test_a_whatsat_is_about_the_record_that_was_held_when_it_came() -> None:
    alford = ClientSide()
    client = alford.connect(IAMAT + b"WHATSAT kiwi 1 1\n")
    client.take()
    later = alford.connect(b"IAMAT kiwi +1-1 1479413885\n")
    alford.places.asked[0].answer("A")
    assert client.take().startswith(AT)
    assert later.take().endswith(b"kiwi +1-1 1479413885\n")


def test_places_that_fail_still_give_an_answer() -> None:
    alford = ClientSide(places_timeout_s=3)
    client = alford.connect(IAMAT + b"WHATSAT kiwi 1 1\nx\n")
    client.take()
    alford.clock.advance(3)
    answer = client.take()
    assert answer.startswith(AT + b"{")
    assert b'"status" : "UNKNOWN_ERROR"' in answer
    assert answer.endswith(b"}\n\n? x\n")
    assert alford.places.asked[0].is_withdrawn


def commands() -> st.SearchStrategy[list[tuple[str, bytes]]]:
    """Give what clients send: a kind, and a client id or the bytes of a line."""
    ids = st.sampled_from([b"kiwi", b"\xff\x00", "ünï".encode()])
    return st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["IAMAT", "IAMAT", "WHATSAT", "IAMAT\r", "WHATSAT\r"]), ids),
            st.tuples(
                st.just("line"),
                st.sampled_from([b"\n", b" \r\n", b"AT a\n", b"\xff\n", b"WHATSAT moa 1 1\n"]),
            ),
        ),
        max_size=12,
    )


def transcript_of(sent: list[tuple[str, bytes]], *, is_last_open: bool) -> tuple[bytes, Expected]:
    """Return the bytes of these commands, and their answers as the specification has them."""
    said, expected = [], Expected()
    held: dict[bytes, bytes] = {}
    for number, (kind, text) in enumerate(sent):
        ending = b"\r\n" if kind.endswith("\r") else b"\n"
        if kind == "line":
            said.append(text)
            expected.append(b"? " + text)
        elif kind.startswith("IAMAT"):
            time = b"14794138%02d" % number
            said.append(b"IAMAT %b %b %b" % (text, POSITION, time) + ending)
            held[text] = at_line(text, time)
            expected.append(held[text] + ending)
        else:
            line = b"WHATSAT %b 10 20" % text + ending
            said.append(line)
            expected += [held[text] + ending, None, ending + ending] if text in held else [b"? " + line]
    if is_last_open:
        said.append(b"IAMAT")
        expected.append(b"? IAMAT\n")
    return b"".join(said), expected


@given(commands(), st.booleans(), st.lists(st.integers(0, 2000), max_size=8), st.integers(1, 4), st.data())
def test_answers_never_depend_on_how_the_bytes_were_cut_nor_on_which_places_come_first(
    sent: list[tuple[str, bytes]], is_last_open: bool, places: list[int], waiting: int, data: st.DataObject
) -> None:
    said, expected = transcript_of(sent, is_last_open=is_last_open)
    pieces = (
        cut(said, places) if data.draw(st.booleans(), "cut somewhere") else [bytes([byte]) for byte in said]
    )
    alford = ClientSide(answers_waiting=waiting)
    client = alford.connect()
    numbers: list[int] = []
    while pieces or len(numbers) < len(alford.places.asked):
        waiting_now = [number for number in range(len(alford.places.asked)) if number not in numbers]
        if pieces and (not waiting_now or data.draw(st.integers(0, 3), "a piece, or an answer")):
            client.receive(pieces.pop(0))
        else:
            number = data.draw(st.sampled_from(waiting_now), "answer")
            numbers.append(number)
            alford.places.asked[number].answer(f"place {number}")
        alford.turn()
    client.receive_end()
    alford.turn()
    counter = iter(range(len(numbers)))
    assert client.take() == b"".join(
        places_text(f"place {next(counter)}") if answer is None else answer for answer in expected
    )
    assert not client.is_connected
    assert not alford.timers
