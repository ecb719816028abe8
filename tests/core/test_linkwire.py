"""What a link takes for a message, whatever the segments in which it comes, on the fast path as on the
strict one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herd.core.errors import LinkError
from herd.core.limits import Limits
from herd.core.linkwire import _FAST, LinkParser, Message, Ping, Pong, max_link_line_bytes
from herd.core.reconcile import Step
from herd.core.record import make_line, origin_prefix
from herd.core.wire import parse_line
from tests.core.strategies import client_ids, clocks, cut, positions, records, times

if TYPE_CHECKING:
    from collections.abc import Iterable

One: TypeAlias = tuple[bytes, bytes] | Ping | Pong | Step | str
"""A record with its client id, a count, a step of reconciliation, or "broken" where the link ends."""

EXAMPLE = b"AT Alford +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450"
SMALL = Limits(line_bytes=256, client_id_bytes=20)
LONGEST = max_link_line_bytes(SMALL)


def one_by_one(messages: Iterable[Message]) -> list[One]:
    """Take the runs of records apart: how they are grouped may depend on how the bytes were cut."""
    singles: list[One] = []
    for message in messages:
        if isinstance(message, list):
            singles += message
        else:
            singles.append(message)
    return singles


def read(segments: Iterable[bytes], limits: Limits = SMALL) -> list[One]:
    """Feed a link's segments; what is broken ends the link."""
    parser = LinkParser(limits)
    singles: list[One] = []
    for segment in segments:
        try:
            singles += one_by_one(parser.feed(segment))
        except LinkError:
            return [*singles, "broken"]
    return singles


def line_by_line(data: bytes, limits: Limits = SMALL) -> list[One]:
    """Read complete lines with the strict parser, and see how long the last one is."""
    *lines, rest = data.split(b"\n")
    singles: list[One] = []
    for line in lines:
        try:
            singles.append(LinkParser(limits)._parse_line(line))
        except LinkError:
            return [*singles, "broken"]
    return [*singles, "broken"] if len(rest) > max_link_line_bytes(limits) else singles


def at(
    *,
    origin: bytes = b"Alford",
    difference: bytes = b"+0.263873386",
    client: bytes = b"kiwi",
    position: bytes = b"+34-118",
    time: bytes = b"5",
) -> bytes:
    return b"AT %b %b %b %b %b" % (origin, difference, client, position, time)


def test_messages_come_out_in_order_with_runs_of_records_joined() -> None:
    parser = LinkParser(Limits())
    record = EXAMPLE, b"kiwi.cs.ucla.edu"
    assert parser.feed(EXAMPLE + b"\n" + EXAMPLE + b"\n") == [[record, record]]
    assert parser.feed(EXAMPLE + b"\nPING 2\nPONG 1\n" + (EXAMPLE + b"\n") * 2 + b"PI") == [
        [record],
        Ping(2),
        Pong(1),
        [record, record],
    ]
    assert parser.feed(b"") == []
    assert parser.feed(b"NG 5") == []
    assert parser.feed(b"\n") == [Ping(5)]


@pytest.mark.parametrize(
    "line",
    [
        EXAMPLE,
        at(),
        at(origin="Ångström".encode()),
        at(difference=b"-0.000000001"),
        at(difference=b"-" + b"9" * 300 + b".123456789", time=b"9" * 300),
        at(client=b"\xff\x00\x85\xa0"),
        at(client=b"AT"),
        at(client=b"x" * 20),
        at(position=b"+90.0-180.000"),
        at(position=b"+1." + b"3" * 200 + b"-1"),
        at(time=b"0"),
        at(time=b"007.50"),
        at(time=b"1." + b"3" * 900),
    ],
)
@pytest.mark.parametrize("other", [b"", EXAMPLE.replace(b".cs.ucla.edu", b"") + b"\n", b"PING 0\n"])
def test_records_are_read(line: bytes, other: bytes) -> None:
    assert (line, line.split(b" ")[3]) in read([other + line + b"\n" + other])


@pytest.mark.parametrize(
    ("line", "count"),
    [
        *((b"PING 0", Ping(0)), (b"PONG 0", Pong(0)), (b"PING 007", Ping(7)), (b"PONG 12", Pong(12))),
        (b"PING " + b"9" * 18, Ping(10**18 - 1)),
    ],
)
def test_counts_are_read(line: bytes, count: One) -> None:
    assert read([line + b"\n"]) == [count]


def test_steps_of_reconciliation_are_read_among_records() -> None:
    assert read([at() + b"\nROOT 00112233445566ff\nTURN\n" + at() + b"\nGIVE 3f\n"]) == [
        (at(), b"kiwi"),
        Step("ROOT", "", (bytes.fromhex("00112233445566ff"),)),
        Step("TURN"),
        (at(), b"kiwi"),
        Step("GIVE", "3f"),
    ]


BROKEN = [
    *(b"", b" ", b"\r", b"AT", b"?", b"hello", b"\xff", b"\x00", b"PROOF x", b"HERD 1 herd Ball Alford i n"),
    *(b"IAMAT kiwi +34-118 5", b"WHATSAT kiwi 10 5", b"at" + EXAMPLE[2:], b"? " + EXAMPLE, b" " + EXAMPLE),
    *(EXAMPLE + tail for tail in (b"\r", b" ", b" 5", b"\x00")),
    *(EXAMPLE.replace(b" ", gap, 1) for gap in (b"", b"  ", b"\t", b"\r")),
    *(at(origin=origin) for origin in (b"", b"Al ford", b"Al\x0bford")),
    *(at(client=client) for client in (b"", b"ki wi", b"ki\rwi", b"ki\x0cwi", b"x" * 21)),
    *(at(difference=text) for text in (b"", b"+0", b"0.263873386", b"+.263873386", b"+1e9.000000000")),
    *(at(difference=text) for text in (b"+0.26387338", b"+0.2638733860", b"+-0.263873386")),
    *(at(position=text) for text in (b"", b"+34", b"34-118", b"+34\t-118", b"+34-118CRSWGS_84/", b"nan")),
    *(at(position=text) for text in (b"+90.1-118", b"+34-181", b"+34-1799", b"+90." + b"0" * 60 + b"1+0")),
    *(at(time=time) for time in (b"", b"+5", b"-5", b"5.", b".5", b"1e3", b"nan", b"1_0", b"\xd9\xa5")),
    *(
        b"PING" + tail
        for tail in (b"", b" ", b"  1", b" -1", b" +1", b" 1.0", b" 1 ", b" 1 2", b" x", b" 1\r")
    ),
    *(b"ROOT", b"ROOT -", b"root 00112233445566ff", b"ROOT 00112233445566f", b"TURN 1", b"GIVE", b"DONE "),
    *(b"PONG", b"ping 1", b"PINGPONG 1", b"PING " + b"1" * 19, b"PING \xd9\xa1"),
]


@pytest.mark.parametrize("line", BROKEN)
def test_anything_else_ends_the_link(line: bytes) -> None:
    assert read([line + b"\n"]) == ["broken"]
    good = at() + b"\n"
    assert read([good, good + line + b"\n" + good]) == [(at(), b"kiwi"), "broken"]


@pytest.mark.parametrize("excess", [0, 1])
def test_a_record_has_a_longest_line_with_or_without_its_end(excess: int) -> None:
    longest = at(time=b"1" * (LONGEST - len(at()) + 1 + excess))
    assert len(longest) == LONGEST + excess
    expected: list[One] = ["broken"] if excess else [(longest, b"kiwi")]
    assert read([longest + b"\n"]) == expected
    assert read([longest, b"\n"]) == expected
    assert read([longest + b"\nPING 1\n"]) == (expected if excess else [*expected, Ping(1)])


def test_the_errors_say_what_was_wrong_and_quote_nothing() -> None:
    for line, why in (
        (b"noise", "sent a line that is no message of the link protocol"),
        (at(client=b"x" * 21), "sent a client id of over 20 bytes"),
        (at(time=b"1" * LONGEST), f"sent a line of over {LONGEST} bytes"),
    ):
        with pytest.raises(LinkError) as caught:
            LinkParser(SMALL).feed(line + b"\n")
        assert str(caught.value) == why
    with pytest.raises(LinkError, match=f"^sent a line of over {LONGEST} bytes$"):
        LinkParser(SMALL).feed(b"x" * (LONGEST + 1))


@given(
    st.sampled_from(["A", "𐐷" * 64]), clocks(), client_ids(20), times(), st.sampled_from([256, 1000, 4096])
)
def test_a_neighbor_takes_whatever_record_a_clients_line_makes(
    origin: str, now_ns: int, client: bytes, time: bytes, line_bytes: int
) -> None:
    limits = Limits(line_bytes=line_bytes)
    command = b"IAMAT %b +34-118 %b\n" % (client, time)
    if len(command) <= line_bytes:
        assert parse_line(command, limits.client_id_bytes) == (command, client, b"+34-118", time)
        line = make_line(origin_prefix(origin), now_ns, client, b"+34-118", time)
        assert read([line + b"\n"], limits) == [(line, client)]


# Any input, in any segmentation

LINES = st.one_of(
    records(),
    st.builds(
        at,
        origin=st.sampled_from([b"Alford", b"Ball", b"\xff"]),
        difference=st.sampled_from([b"+0.263873386", b"-12.000000000"]),
        client=client_ids(),
        position=positions(),
        time=times().filter(lambda time: len(time) < 100),
    ),
    st.builds(b"%b %d".__mod__, st.tuples(st.sampled_from([b"PING", b"PONG"]), st.integers(0, 10**18))),
    st.sampled_from([at(), at(), EXAMPLE.replace(b".cs.ucla.edu", b"")]),
)


@st.composite
def inputs(draw: st.DrawFn) -> bytes:
    """Give what a link may bring: lines, most of them right; then a byte may be changed, an end cut off."""
    data = bytearray(b"".join(line + b"\n" for line in draw(st.lists(LINES, max_size=6))))
    for place, byte in draw(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=1)):
        if data:
            data[place % len(data)] = byte
    return bytes(data[: len(data) - draw(st.integers(0, 3))])


@given(inputs(), st.lists(st.integers(0, 2000), max_size=6))
@example(at() + b"\n" + b"x" * (LONGEST + 1), [])
def test_what_comes_out_does_not_depend_on_how_the_bytes_were_cut(data: bytes, places: list[int]) -> None:
    """Where a link ends, what stood before in its last segment may be lost."""
    expected = line_by_line(data)
    assert read([data[at_:end] for at_, end in pairwise(range(len(data) + 1))]) == expected
    for segments in ([data], cut(data, places)):
        got = read(segments)
        assert got[-1:] == ["broken"] if expected[-1:] == ["broken"] else got == expected
        assert [message for message in got if message != "broken"] == expected[
            : len(got) - got.count("broken")
        ]


# The fast path


@given(LINES)
def test_the_fast_path_gives_what_the_strict_parser_gives(line: bytes) -> None:
    assert _FAST.findall(line + b"\n") in ([], line_by_line(line + b"\n", Limits()))


@pytest.mark.parametrize("fraction", [b"", b".0", b"." + b"0" * 19 + b"1", b"." + b"0" * 20 + b"1"])
@pytest.mark.parametrize("pattern", [b"+%b%b+0", b"+0-%b%b"])
def test_the_fast_path_accepts_no_number_out_of_range(pattern: bytes, fraction: bytes) -> None:
    for whole in (b"%0*d" % (size, n) for size in range(1, 5) for n in range(10**size)):
        line = at(position=pattern % (whole, fraction)) + b"\n"
        assert _FAST.findall(line) in ([], line_by_line(line))


@pytest.mark.parametrize("line", [EXAMPLE, at(), at(position=b"+90-180"), at(position=b"-89.9+179.9")])
def test_ordinary_records_take_the_fast_path(line: bytes) -> None:
    assert _FAST.findall(line + b"\n") == [(line, line.split(b" ")[3])]


def test_the_fast_path_checks_sizes_too() -> None:
    assert _FAST.findall(at(client=b"x" * 21) + b"\n")
    assert read([at(client=b"x" * 21) + b"\n"]) == ["broken"]
