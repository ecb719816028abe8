r"""Lines: how commands are told apart, how answers end, what an invalid command gets, and in which order.

One test for each row of the protocol's table of lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_twisted

if TYPE_CHECKING:
    from tests.conformance.herds import Herd

POSITION = b"+34.068930-118.445127"
POSIX_S = b"1479413884.392014450"
ENDINGS = {"lf": b"\n", "crlf": b"\r\n", "none": b""}
each_ending = pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)

BLANK = [b"", b" ", b"\t", b" \t\v\f ", b"\r", b" \r "]
INVALID = [
    b"IAMAT",
    b"IAMAT kiwi",
    b"IAMAT kiwi +34.068930-118.445127",
    b"IAMAT kiwi +34.068930-118.445127 1479413884.392014450 more",
    b"iamat kiwi +34.068930-118.445127 1479413884.392014450",
    b"Iamat kiwi +34.068930-118.445127 1479413884.392014450",
    b"WHATSAT kiwi 10",
    b"WHATSAT kiwi 10 5 more",
    b"whatsat kiwi 10 5",
    b"whatsat",
    b"HELLO",
    b"GET / HTTP/1.1",
    b"?",
    b"? IAMAT",
    b"  leading and trailing  ",
    b"tabs\tand  runs   of spaces",
    b"a lone \r in the middle",
    b"\xff\xfe\x00\x01",
    "naïve ☃ 🥝".encode(),
    b"QUIT\x04",
]


def iamat(client_id: bytes) -> bytes:
    return b"IAMAT %b %b %b" % (client_id, POSITION, POSIX_S)


def is_record(answer: bytes, client_id: bytes, ending: bytes) -> bool:
    return answer.startswith(b"AT Alford +") and answer.endswith(
        b" %b %b %b%b" % (client_id, POSITION, POSIX_S, ending)
    )


@each_ending
@pytest_twisted.ensureDeferred
async def test_line__command_ends_with_lf_or_crlf_or_the_half_close(
    herd: Herd, name: bytes, ending: bytes
) -> None:
    assert is_record(await herd.say("Alford", iamat(name) + ending), name, ending or b"\n")


@pytest_twisted.ensureDeferred
async def test_line__both_endings_on_one_connection_and_none_at_its_end(herd: Herd, name: bytes) -> None:
    ids = [name + b"-%d" % index for index in range(4)]
    lines = [
        iamat(client_id) + ending
        for client_id, ending in zip(ids, [b"\r\n", b"\n", b"\r\n", b""], strict=True)
    ]
    answers = (await herd.say("Alford", b"".join(lines))).splitlines(keepends=True)
    assert [answer.endswith(b"\r\n") for answer in answers] == [True, False, True, False]
    assert all(
        is_record(answer, client_id, ending)
        for answer, client_id, ending in zip(answers, ids, [b"\r\n", b"\n", b"\r\n", b"\n"], strict=True)
    )


@pytest_twisted.ensureDeferred
async def test_line__a_last_line_with_no_ending_is_a_command(herd: Herd) -> None:
    for last in (b"WHATSAT nobody-at-all 10 5", b"foo", b"   "):
        assert await herd.say("Alford", last) == b"? " + last + b"\n"
        assert await herd.say("Alford", b"bar\r\n" + last) == b"? bar\r\n? " + last + b"\n"


@pytest_twisted.ensureDeferred
async def test_line__nothing_after_the_last_ending_is_no_command(herd: Herd) -> None:
    assert await herd.say("Alford", b"foo\n") == b"? foo\n"


@pytest_twisted.ensureDeferred
async def test_line__cut_into_single_bytes_is_the_same(herd: Herd, name: bytes) -> None:
    whole = iamat(name) + b"\r\nfoo\r\n"
    client = await herd.connect("Alford")
    for byte in whole:
        client.send(bytes([byte]))
    assert is_record(await client.line(), name, b"\r\n")
    assert await client.line() == b"? foo\r\n"


@pytest_twisted.ensureDeferred
async def test_line__fields_are_separated_by_any_white_space(herd: Herd, name: bytes) -> None:
    for space in (b" ", b"\t", b"\v", b"\f", b"\r", b" \t\v\f\r  "):
        fields = space.join([b"", b"IAMAT", name, POSITION, POSIX_S, b" "])
        assert is_record(await herd.say("Alford", fields + b"\n"), name, b"\n")
        answer = await herd.say("Alford", space.join([b"WHATSAT", name, b"0", b"0", b" "]) + b"\n")
        assert is_record(answer.partition(b"\n")[0], name, b"")


@each_ending
@pytest_twisted.ensureDeferred
async def test_line__an_answer_ends_as_its_line_did(herd: Herd, name: bytes, ending: bytes) -> None:
    ends_with = ending or b"\n"
    assert is_record(await herd.say("Alford", iamat(name) + ending), name, ends_with)
    assert await herd.say("Alford", b"foo" + ending) == b"? foo" + ends_with
    answer = await herd.say("Alford", b"WHATSAT " + name + b" 10 5" + ending)
    line, _, places = answer.partition(ends_with)
    assert is_record(line, name, b"")
    assert places.endswith(b"}" + ends_with + ends_with)


@each_ending
@pytest_twisted.ensureDeferred
async def test_line__an_invalid_command_is_copied_exactly(herd: Herd, ending: bytes) -> None:
    for command in INVALID:
        assert await herd.say("Alford", command + ending) == b"? " + command + (ending or b"\n")


@pytest_twisted.ensureDeferred
async def test_line__an_empty_or_blank_line_is_an_invalid_command(herd: Herd) -> None:
    lines = [blank + ending for blank in BLANK for ending in (b"\n", b"\r\n")]
    assert await herd.say("Alford", b"".join(lines)) == b"".join(b"? " + line for line in lines)


@pytest_twisted.ensureDeferred
async def test_line__bytes_are_bytes_all_the_way_to_another_server(herd: Herd, name: bytes) -> None:
    for special in (
        b"\xff",
        b"\xc3\x28",
        b"\x00",
        b"\x1b[31m",
        b"\x85\xa0",
        "🥝".encode(),
        "é".encode() * 200,
    ):
        client_id = special + name
        line = await herd.report("Alford", client_id, POSITION, POSIX_S)
        assert line.split(b" ")[3] == client_id
        await herd.until_held(line, client_id)


@pytest_twisted.ensureDeferred
async def test_line__nothing_but_answers_is_written(herd: Herd) -> None:
    for server in herd.config.names:
        assert await herd.say(server, b"") == b""
    client = await herd.connect("Alford")
    client.send(b"no banner stands before this\n")
    assert await client.line() == b"? no banner stands before this\n"
    client.send(b"and no prompt\n")
    assert await client.line() == b"? and no prompt\n"
    client.end()
    assert await client.rest() == b""


@pytest_twisted.ensureDeferred
async def test_line__answers_come_in_the_order_of_their_commands(herd: Herd, name: bytes) -> None:
    other = name + b"-2"
    line = await herd.report("Alford", name, POSITION, POSIX_S)
    whatsat = b"WHATSAT %b 50 20\n" % name
    told = await herd.say(
        "Alford",
        whatsat + b"one\n" + iamat(other) + b"\n" + whatsat + b"\r\n" + iamat(name) + b"\n" + whatsat,
    )
    places = (await herd.say("Alford", whatsat)).partition(b"\n")[2]
    found, rest = told[: len(line) + 1 + len(places)], told[len(line) + 1 + len(places) :]
    assert found == line + b"\n" + places
    second = rest.split(b"\n")[1] + b"\n"
    assert is_record(second, other, b"\n")
    assert rest == b"? one\n" + second + found + b"? \r\n" + line + b"\n" + found


@pytest_twisted.ensureDeferred
async def test_line__a_half_close_leaves_nothing_unanswered(herd: Herd, name: bytes) -> None:
    line = await herd.report("Alford", name, POSITION, POSIX_S)
    whatsat = b"WHATSAT %b 1 1" % name
    one = await herd.say("Alford", whatsat)
    assert one.startswith(line + b"\n")
    count = 600
    told = await herd.say("Alford", (whatsat + b"\nfoo\n") * count + whatsat)
    assert told == (one + b"? foo\n") * count + one


@pytest_twisted.ensureDeferred
async def test_line__over_the_limit_gets_one_line_and_a_close_and_others_go_on(
    herd: Herd, name: bytes
) -> None:
    limit = herd.config.limits.line_bytes
    bystander = await herd.connect("Alford")
    refused = b"? line over %d bytes\n" % limit
    too_long = b"x" * limit
    assert await herd.say("Alford", too_long + b"\n") == refused
    assert await herd.say("Alford", too_long + b"x") == refused
    answers = await herd.say("Alford", b"before\n" + too_long + b"\n" + iamat(name) + b"\n")
    assert answers == b"? before\n" + refused
    assert await herd.held("Alford", name) is None
    bystander.send(iamat(name) + b"\n")
    assert is_record(await bystander.line(), name, b"\n")


@pytest_twisted.ensureDeferred
async def test_line__over_the_limit_is_closed_though_the_client_goes_on_sending(herd: Herd) -> None:
    client = await herd.connect("Alford")
    client.send(b"x" * 1_000_000)
    assert await client.rest() == b"? line over %d bytes\n" % herd.config.limits.line_bytes


@pytest_twisted.ensureDeferred
async def test_line__as_long_as_the_limit_is_a_command(herd: Herd) -> None:
    limit = herd.config.limits.line_bytes
    just = b"x" * (limit - 1) + b"\n"
    assert await herd.say("Alford", just) == b"? " + just
    unended = b"x" * limit
    assert await herd.say("Alford", unended) == b"? " + unended + b"\n"
