"""The checker's reading of the protocol, and that of the servers, which shares no code with it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herd.core import record
from herd.core.wire import Whatsat, parse_line
from herd.core.wire import ending_of as servers_ending_of
from herd.core.wire import refusal as servers_refusal
from herd.sim.herds.protocol import ending_of, exact, is_query, is_report, received_ns, refusal, time_of

LONGEST = 16

WORDS = b"IAMAT WHATSAT iamat kiwi \xff \xc2\xa0 0123456789abcdef 0123456789abcdefg".split(b" ")
POSITIONS = b"+34-118 -90.0+180.000 +90.0000000000000000000000000001-0 +1.-1 +1 +1-180.1".split()
NUMBERS = b"0 20 21 050 50.000 50.00000000000000000000000000001 1.5 .5 1. -1 1e3 1_0 nan \xd9\xa1".split()
FIELDS = st.sampled_from([*WORDS, *POSITIONS, *NUMBERS, b"1767225600.123456789"])
BLANKS = st.sampled_from([b" ", b"\t", b"  ", b"\r", b"\v\f"])
LINES = st.builds(
    lambda first, fields, blank, last, ending: first + blank.join(fields) + last + ending,
    st.sampled_from([b"", b" "]),
    st.lists(FIELDS, min_size=3, max_size=5)
    | st.tuples(st.sampled_from([b"IAMAT", b"WHATSAT"]), *[FIELDS] * 3),
    BLANKS,
    st.sampled_from([b"", b" "]),
    st.sampled_from([b"\n", b"\r\n", b""]),
)


@given(LINES)
@example(b"IAMAT kiwi +34-118 1.5\r\n")
@example(b"WHATSAT kiwi 50.000 020")
@example(b"\n")
def test_servers_read_the_protocol_likewise(line: bytes) -> None:
    parsed = parse_line(line, LONGEST)
    assert is_report(line, LONGEST) == isinstance(parsed, tuple)
    assert is_query(line, LONGEST) == isinstance(parsed, Whatsat)
    assert ending_of(line) == servers_ending_of(line)
    assert refusal(line) == servers_refusal(line)


NUMERALS = st.from_regex(r"[0-9]{1,12}(\.[0-9]{1,15})?", fullmatch=True).map(str.encode)


@given(NUMERALS, NUMERALS, st.integers(0, 2**61))
@example(b"1767225600.123456789", b"1767225600.1234567890", 0)
def test_times_are_exact(one: bytes, other: bytes, now_ns: int) -> None:
    order = (exact(one) > exact(other)) - (exact(one) < exact(other))
    assert order == record.compare_times(one, other)
    line = record.make_line(b"AT Alford ", now_ns, b"kiwi", b"+1-1", one)
    assert received_ns(line) == record.received_ns(line)
    assert time_of(line) == exact(one)
    assert now_ns - received_ns(line) in {0, 1}


@pytest.mark.parametrize(
    ("line", "when_ns"),
    [
        (b"AT Alford +1.500000000 kiwi +1-1 10", 11_500_000_000),
        (b"AT Alford -1.500000000 kiwi +1-1 10.25", 8_750_000_000),
        (b"AT Alford +0.000000001 kiwi +1-1 10.0000000009", 10_000_000_001),
        (b"AT Alford -0.000000001 kiwi +1-1 10.0000000009", 9_999_999_999),
    ],
)
def test_when_a_record_was_received(line: bytes, when_ns: int) -> None:
    assert received_ns(line) == when_ns


def test_a_time_as_long_as_a_line_may_be() -> None:
    assert received_ns(b"AT Alford +1.000000000 kiwi +1-1 " + b"9" * 4_000) == 10**4_009
