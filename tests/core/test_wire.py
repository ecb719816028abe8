"""What a client's bytes mean, whatever the segments in which they come, on the fast path as on the strict
one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herd.core.limits import Limits
from herd.core.wire import (
    Command,
    CommandParser,
    Invalid,
    TooLong,
    Whatsat,
    ending_of,
    parse_line,
    refusal,
)
from tests.core.strategies import client_ids, cut, digits, positions, times

if TYPE_CHECKING:
    from collections.abc import Iterable

One: TypeAlias = tuple[bytes, bytes, bytes, bytes] | Whatsat | Invalid | TooLong

IAMAT = b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450\n"
FIELDS = (b"kiwi.cs.ucla.edu", b"+34.068930-118.445127", b"1479413884.392014450")
REPORT = (IAMAT, *FIELDS)
SMALL = Limits(line_bytes=256, client_id_bytes=20)
WIDE = Limits(line_bytes=256, client_id_bytes=1024)


def one_by_one(commands: Iterable[Command]) -> list[One]:
    """Take the runs of IAMATs apart: how they are grouped may depend on how the bytes were cut."""
    singles: list[One] = []
    for command in commands:
        if isinstance(command, list):
            singles += command
        else:
            singles.append(command)
    return singles


def read(segments: Iterable[bytes], limits: Limits = SMALL) -> list[One]:
    """Feed a connection's segments, then its end."""
    parser = CommandParser(limits)
    commands = [command for segment in segments for command in parser.feed(segment)]
    return one_by_one(commands + parser.finish())


def specified(data: bytes, limits: Limits) -> list[One]:
    """Read a connection's bytes as the contract says it, a line at a time."""
    commands: list[One] = []
    while data:
        line, newline, data = data.partition(b"\n")
        if len(line + newline) > limits.line_bytes:
            return [*commands, TooLong(limits.line_bytes)]
        commands.append(parse_line(line + newline, limits.client_id_bytes))
    return commands


def iamat(*, client: bytes = b"kiwi", position: bytes = b"+34-118", time: bytes = b"5") -> bytes:
    return b"IAMAT %b %b %b\n" % (client, position, time)


def whatsat(radius: bytes, bound: bytes) -> One:
    return parse_line(b"WHATSAT kiwi %b %b\n" % (radius, bound), 1024)


# Lines, one at a time


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    "line",
    [
        b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450",
        b"  IAMAT\tkiwi.cs.ucla.edu \x0b +34.068930-118.445127\x0c\r1479413884.392014450 \t",
        b"\rIAMAT  kiwi.cs.ucla.edu  +34.068930-118.445127  1479413884.392014450\r ",
    ],
)
def test_white_space_separates_and_surrounds(line: bytes, ending: bytes) -> None:
    assert read([line + ending]) == [(line + ending, *FIELDS)]


@pytest.mark.parametrize(
    "client", [b"\xff", "🐐".encode(), "é".encode() * 200, b"\x00\x1c\x85\xa0", b"AT", b"?"]
)
def test_an_id_is_any_bytes_but_white_space(client: bytes) -> None:
    assert parse_line(iamat(client=client), 1024) == (iamat(client=client), client, b"+34-118", b"5")
    assert parse_line(b"WHATSAT %b 10 5\n" % client, 1024) == Whatsat(
        client, 10.0, 5, b"WHATSAT %b 10 5\n" % client, b"\n"
    )


@pytest.mark.parametrize("command", [b"IAMAT %b +34-118 5\n", b"WHATSAT %b 10 5\n"])
def test_an_id_over_the_limit_is_invalid(command: bytes) -> None:
    longest, over = command % (b"x" * 20), command % (b"x" * 21)
    assert not isinstance(parse_line(longest, 20), Invalid)
    assert parse_line(over, 20) == Invalid(over)
    assert read([longest + over])[1:] == [Invalid(over)]


@pytest.mark.parametrize(
    "time",
    [b"0", b"00", b"5", b"5.0", b"0.5", b"007.50", b"1479413884.392014450", b"9" * 4000, b"1." + b"3" * 4000],
)
def test_a_time_is_a_plain_decimal(time: bytes) -> None:
    assert parse_line(iamat(time=time), 1024) == (iamat(time=time), b"kiwi", b"+34-118", time)


@pytest.mark.parametrize(
    "time",
    [
        *(
            b"+5",
            b"-5",
            b"-0",
            b".5",
            b"5.",
            b"5..0",
            b"5.0.0",
            b"5,0",
            b"1_0",
            b"1e9",
            b"1E9",
            b"0x5",
            b"five",
        ),
        *(b"nan", b"inf", b"infinity", b"5s", b"\xd9\xa5", b"5\x00", b"5 5", b""),
    ],
)
def test_anything_else_is_no_time(time: bytes) -> None:
    assert parse_line(iamat(time=time), 1024) == Invalid(iamat(time=time))


@pytest.mark.parametrize(
    ("text", "radius_km"),
    [
        *((b"0", 0.0), (b"10", 10.0), (b"50", 50.0), (b"050", 50.0), (b"0.001", 0.001), (b"50.000", 50.0)),
        *((b"12.5", 12.5), (b"0" * 4900 + b"50", 50.0), (b"49." + b"9" * 4900, 50.0)),
    ],
)
def test_a_radius_is_a_plain_decimal_to_50(text: bytes, radius_km: float) -> None:
    line = b"WHATSAT kiwi %b 5\n" % text
    assert whatsat(text, b"5") == Whatsat(b"kiwi", radius_km, 5, line, b"\n")


@pytest.mark.parametrize(
    "text",
    [
        *(b"50.1", b"51", b"100", b"50." + b"0" * 60 + b"1", b"9" * 4900, b"-1", b"-0", b"+5", b"5.", b".5"),
        *(b"1e1", b"nan", b"inf", b"1_0", b"ten", b"10km", b"5 5", b""),
    ],
)
def test_anything_else_is_no_radius(text: bytes) -> None:
    assert whatsat(text, b"5") == Invalid(b"WHATSAT kiwi %b 5\n" % text)


@pytest.mark.parametrize(
    ("text", "bound"),
    [(b"0", 0), (b"5", 5), (b"20", 20), (b"020", 20), (b"0" * 5000 + b"7", 7), (b"0" * 5000, 0)],
)
def test_a_bound_is_a_whole_number_to_20(text: bytes, bound: int) -> None:
    line = b"WHATSAT kiwi 10 %b\n" % text
    assert whatsat(b"10", text) == Whatsat(b"kiwi", 10.0, bound, line, b"\n")


@pytest.mark.parametrize(
    "text",
    [b"21", b"100", b"9" * 5000, b"-1", b"-0", b"+5", b"5.0", b"1e1", b"0x5", b"1_0", b"all", b"5 5", b""],
)
def test_anything_else_is_no_bound(text: bytes) -> None:
    assert whatsat(b"10", text) == Invalid(b"WHATSAT kiwi 10 %b\n" % text)


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b" ", b"\t \x0b\x0c", b"\r", b"?", b"? IAMAT", b"\xff\xfe", b"\x00", b"GET / HTTP/1.1"),
        *(b"IAMAT", b"IAMAT kiwi", b"IAMAT kiwi +34-118", b"IAMAT kiwi +34-118 5 6", b"IAMAT +34-118 5"),
        *(b"iamat kiwi +34-118 5", b"Iamat kiwi +34-118 5", b"IAMATT kiwi +34-118 5", b"whatsat kiwi 10 5"),
        *(b"WHATSAT", b"WHATSAT kiwi", b"WHATSAT kiwi 10", b"WHATSAT kiwi 10 5 5", b"WHATSAT kiwi +34-118 5"),
        *(b"IAMAT kiwi 5 +34-118", b"IAMAT kiwi 34-118 5", b"IAMAT kiwi +91-118 5", b"IAMAT kiwi 10 5"),
        *(
            b"IAMAT kiwi +34 -118 5",
            b"IAMAT\xa0kiwi +34-118 5",
            b"IAMAT\x1ckiwi +34-118 5",
            b"IAMAT\x00 k +1+1 5",
        ),
        b"AT Alford +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450",
    ],
)
def test_an_invalid_line_comes_back_as_it_came(line: bytes) -> None:
    assert read([line + b"\n"]) == [Invalid(line + b"\n")]
    assert refusal(line + b"\n") == b"? " + line + b"\n"
    assert refusal(line + b"\r\n") == b"? " + line + b"\r\n"
    assert refusal(line) == b"? " + line + b"\n"


@given(st.binary())
def test_a_refusal_is_the_very_bytes_and_a_whole_line(line: bytes) -> None:
    assert refusal(line) in (b"? " + line, b"? " + line + b"\n")
    assert refusal(line).endswith(b"\n")
    assert refusal(line).endswith(ending_of(line))


@pytest.mark.parametrize(
    ("line", "ending"),
    [(b"x\n", b"\n"), (b"x\r\n", b"\r\n"), (b"x", b"\n"), (b"x\r", b"\n"), (b"\r\r\n", b"\r\n")],
)
def test_an_answer_ends_as_its_line(line: bytes, ending: bytes) -> None:
    assert ending_of(line) == ending


# Chunks


def test_commands_come_out_in_order_with_runs_of_iamats_joined() -> None:
    parser = CommandParser(Limits())
    assert parser.feed(IAMAT * 3) == [[REPORT] * 3]
    assert parser.feed(IAMAT + b"\n" + IAMAT * 2 + b"WHATSAT kiwi 10 5\r\nIAMAT") == [
        [REPORT],
        Invalid(b"\n"),
        [REPORT, REPORT],
        Whatsat(b"kiwi", 10.0, 5, b"WHATSAT kiwi 10 5\r\n", b"\r\n"),
    ]
    assert parser.feed(b"") == []
    assert parser.feed(IAMAT[5:-1] + b"\r") == []
    assert parser.feed(b"\n") == [[(IAMAT[:-1] + b"\r\n", *FIELDS)]]
    assert parser.finish() == []


@pytest.mark.parametrize(
    ("last", "command"),
    [
        (IAMAT[:-1], (IAMAT[:-1], *FIELDS)),
        (IAMAT[:-1] + b"\r", (IAMAT[:-1] + b"\r", *FIELDS)),
        (b"WHATSAT kiwi 1 2", Whatsat(b"kiwi", 1.0, 2, b"WHATSAT kiwi 1 2", b"\n")),
        (b"hello", Invalid(b"hello")),
        (b" ", Invalid(b" ")),
    ],
)
def test_a_last_line_without_an_ending_is_a_command(last: bytes, command: One) -> None:
    assert read([last]) == [command]
    assert read([IAMAT, last]) == [REPORT, command]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b""])
def test_the_line_limit_counts_the_ending(ending: bytes) -> None:
    longest = b"x" * (256 - len(ending)) + ending
    assert read([longest]) == [Invalid(longest)]
    assert read([b"x" + longest]) == [TooLong(256)]
    assert read([IAMAT + b"x" + longest + IAMAT]) == [REPORT, TooLong(256)]


def test_nothing_comes_after_a_line_over_the_limit() -> None:
    parser = CommandParser(SMALL)
    assert parser.feed(IAMAT + b"x" * 256) == [[REPORT]]
    assert parser.feed(b"x") == [TooLong(256)]
    assert parser.feed(b"\n" + IAMAT) == []
    assert parser.finish() == []


def test_a_line_without_an_end_is_not_collected() -> None:
    parser = CommandParser(SMALL)
    assert parser.feed(b"x" * 100_000) == [TooLong(256)]
    assert parser._rest == b""


# Any input, in any segmentation

ENDINGS = st.sampled_from([b"\n", b"\n", b"\r\n", b"\r\r\n", b"\n\n", b"\r", b""])
GAPS = st.sampled_from([b" ", b" ", b" ", b" ", b"  ", b"\t", b"\r", b"\x0b", b"\x0c", b"", b"\xa0"])
IDS = st.one_of(client_ids(), st.sampled_from([19, 20, 21, 96, 97, 229, 260]).map(lambda size: b"x" * size))
VALID = st.builds(iamat, client=client_ids(), time=st.one_of(digits(), st.sampled_from([b"1.5", b"1" * 20])))


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    name = draw(st.sampled_from([b"IAMAT", b"IAMAT", b"WHATSAT", b"AT", b"iamat", b""]))
    third = draw(st.one_of(positions(), st.sampled_from([b"10", b"50.0", b"50.1", b"-1"])))
    fourth = draw(
        st.one_of(digits(1, 3), times(), st.sampled_from([b"1." + b"0" * 20, b"1" * 21, b"5.", b"1e3"]))
    )
    fields = [name, draw(IDS), third, fourth]
    return b"".join(field + draw(GAPS) for field in fields[:-1]) + fields[-1] + draw(ENDINGS)


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """Give what a connection may bring: valid lines, near misses and noise, then a few bytes changed."""
    junk = st.one_of(st.binary(max_size=12), st.sampled_from([b"\n", b"\r\n", b"x" * 255, b"x" * 256, IAMAT]))
    data = bytearray(b"".join(draw(st.lists(st.one_of(VALID, VALID, lines(), junk), max_size=8))))
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=3)):
        if data:
            data[place % len(data)] = byte
    return bytes(data)


@given(inputs(), st.lists(st.integers(0, 2000), max_size=6), st.sampled_from([SMALL, WIDE]))
@example(b"IAMAT a +1+1 5\r\n", [15], SMALL)
@example(b"x" * 257 + b"\n" + IAMAT, [257], SMALL)
def test_what_comes_out_does_not_depend_on_how_the_bytes_were_cut(
    data: bytes, places: list[int], limits: Limits
) -> None:
    expected = specified(data, limits)
    assert read([data], limits) == expected
    assert read(cut(data, places), limits) == expected
    assert read(cut(data, list(range(len(data)))), limits) == expected


@given(inputs())
def test_runs_of_iamats_are_whole_and_never_empty(data: bytes) -> None:
    commands = CommandParser(SMALL).feed(data)
    runs = [isinstance(command, list) for command in commands]
    assert (True, True) not in pairwise(runs)
    assert [] not in commands


# The fast path


@given(st.one_of(lines(), VALID).map(lambda line: line.replace(b"\n", b"") + b"\n"))
def test_the_fast_path_gives_what_the_strict_parser_gives(line: bytes) -> None:
    parser = CommandParser(WIDE)
    found = parser._find_reports(line)
    assert found in ([], [parse_line(line, WIDE.client_id_bytes)])


@pytest.mark.parametrize("fraction", [b"", b".0", b"." + b"0" * 19 + b"1", b"." + b"0" * 20 + b"1"])
@pytest.mark.parametrize("pattern", [b"+%b%b+0", b"+0-%b%b"])
def test_the_fast_path_accepts_no_number_out_of_range(pattern: bytes, fraction: bytes) -> None:
    find_reports = CommandParser(SMALL)._find_reports
    for whole in (b"%0*d" % (size, n) for size in range(1, 5) for n in range(10**size)):
        line = iamat(position=pattern % (whole, fraction))
        assert find_reports(line) in ([], [parse_line(line, 20)])


@pytest.mark.parametrize(
    "line",
    [
        IAMAT,
        IAMAT[:-1] + b"\r\n",
        iamat(position=b"+90-180"),
        iamat(position=b"-89.999999+179.999999"),
        iamat(position=b"+1-99.5"),
        iamat(time=b"1479413884"),
        iamat(client=b"\xff" * 20),
    ],
)
def test_ordinary_reports_take_the_fast_path(line: bytes) -> None:
    assert CommandParser(SMALL)._find_reports(line) == [parse_line(line, 20)]
