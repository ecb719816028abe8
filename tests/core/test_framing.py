"""A client's side of the protocol: where answers end, however the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.core.framing import AnswerParser
from tests.core.strategies import cut

AT = b"AT Alford +0.263873386 kiwi +34.068930-118.445127 1479413884.392014450"
PLACES = b'{\n   "results" : [],\n   "status" : "OK"\n}'
EXCHANGES = [
    (b"IAMAT kiwi +34-118 5\n", AT + b"\n"),
    (b"IAMAT kiwi +34-118 5\r\n", AT + b"\r\n"),
    (b"WHATSAT kiwi 10 5\n", AT + b"\n" + PLACES + b"\n\n"),
    (b" WHATSAT kiwi 10 5\r\n", AT + b"\r\n" + PLACES + b"\r\n\r\n"),
    (b"WHATSAT nobody 10 5\n", b"? WHATSAT nobody 10 5\n"),
    (b"WHATSAT kiwi 10 5", AT + b"\n" + PLACES + b"\n\n"),
    (b"WHATSATX\n", b"? WHATSATX\n"),
    (b"\n", b"? \n"),
    (b"\r\n", b"? \r\n"),
    (b"AT x\n", b"? AT x\n"),
]


@given(st.lists(st.sampled_from(EXCHANGES)), st.lists(st.integers(0, 5000)))
def test_each_command_has_its_answer_however_the_bytes_are_cut(
    exchanges: list[tuple[bytes, bytes]], places: list[int]
) -> None:
    parser = AnswerParser(command for command, _ in exchanges)
    assert len(parser) == len(exchanges)
    chunks = cut(b"".join(answer for _, answer in exchanges), places)
    assert [answer for chunk in chunks for answer in parser.feed(chunk)] == [each for _, each in exchanges]
    assert (len(parser), parser.rest) == (0, b"")


def test_commands_may_be_sent_while_answers_come() -> None:
    parser = AnswerParser()
    parser.expect(b"WHATSAT kiwi 10 5\n")
    assert parser.feed(AT + b"\n{") == []
    parser.expect(b"IAMAT kiwi +34-118 5\n")
    assert parser.rest == AT + b"\n{"
    assert parser.feed(b"}\n\n" + AT) == [AT + b"\n{}\n\n"]
    assert parser.feed(b"\n") == [AT + b"\n"]


def test_what_nobody_asked_for_is_kept_apart() -> None:
    parser = AnswerParser([b"x\n"])
    assert parser.feed(b"? x\n? idle for 5 s\n") == [b"? x\n"]
    assert parser.feed(b"more") == []
    assert parser.rest == b"? idle for 5 s\nmore"


@pytest.mark.parametrize("size", [1, 1000])
def test_a_long_answer_in_small_pieces_is_not_searched_over_and_over(size: int) -> None:
    answer = AT + b"\n" + b"x" * 30_000 + b"\n\n"
    parser = AnswerParser([b"WHATSAT kiwi 10 5\n"])
    found = [each for at in range(0, len(answer), size) for each in parser.feed(answer[at : at + size])]
    assert found == [answer]
