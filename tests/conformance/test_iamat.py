"""IAMAT and AT: what a report must look like, and the one AT line that the herd answers with.

One test for each row of the protocol's lists and tables of IAMAT and AT.
"""

from __future__ import annotations

import re
import time
from decimal import Decimal, localcontext
from itertools import product
from typing import TYPE_CHECKING

import pytest_twisted

if TYPE_CHECKING:
    from tests.conformance.herds import Herd

POSITION = b"+34.068930-118.445127"
ELSEWHERE = b"-33.868820+151.209290"
EARLIER = b"1479413884.392014449"
POSIX_S = b"1479413884.392014450"
LATER = b"1479413884.392014451"

POSITIONS = [
    b"+34-118",
    b"+34.06893-118.4",
    b"-0.0+0.0",
    b"+0-0",
    b"+90+180",
    b"-90-180",
    b"+90.000-180.0000",
    b"+034.0-0118.0",
    b"+000000000034-000000000118",
    b"+34.068930000000000000000000000001-118.445127000000000000000000000001",
]
NO_POSITIONS = [
    b"34.068930-118.445127",
    b"+34.068930118.445127",
    b"34.068930,-118.445127",
    b"+34.068930",
    b"-118.445127",
    b"+-",
    b"++34-118",
    b"+34--118",
    b"+34-118+5",
    b"+34-118/",
    b"Westwood",
    b"nan",
    b"+nan-118",
    b"+34-inf",
    b"+3.4e1-118",
    b"+34-1.18e2",
    b"+34.-118",
    b"+.34-118",
    b"+34-118.",
    b"+34_0-118",
    b"+0x22-118",
    b"+91-118",
    b"-90.1-118",
    b"+90.000000000000000000000000000001+0",
    b"+34+180.1",
    b"+34-181",
    b"+34-1180",
    "+\N{ARABIC-INDIC DIGIT THREE}4-118".encode(),
    b"+34\x00-118",
]
TIMES = [
    b"0",
    b"1479413884",
    b"1479413884.3",
    b"1479413884.392014450",
    b"1479413884.392014450123456789",
    b"0001479413884.5",
    b"0.000000000",
    b"99999999999999999999999999.5",
]
NO_TIMES = [
    b"-1479413884",
    b"+1479413884",
    b"1479413884.",
    b".5",
    b".",
    b"1.479413884e9",
    b"1e9",
    b"1_479_413_884",
    b"1,479",
    b"nan",
    b"NaN",
    b"inf",
    b"infinity",
    b"0x5",
    b"now",
    b"1479413884.392.014",
    "\N{ARABIC-INDIC DIGIT ONE}479".encode(),
]


def parts(line: bytes) -> list[bytes]:
    return line.split(b" ")


@pytest_twisted.ensureDeferred
async def test_iamat__the_example_of_the_specification(herd: Herd) -> None:
    answer = await herd.say("Alford", b"IAMAT kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450\n")
    assert re.fullmatch(
        rb"AT Alford \+[0-9]+\.[0-9]{9} kiwi\.cs\.ucla\.edu \+34\.068930-118\.445127 1479413884\.392014450\n",
        answer,
    )


@pytest_twisted.ensureDeferred
async def test_iamat__client_id_is_from_one_byte_to_the_limit(herd: Herd, name: bytes) -> None:
    limit = herd.config.limits.client_id_bytes
    longest = name.ljust(limit, b"x")
    for client_id in (b"k", longest):
        assert parts(await herd.report("Alford", client_id, POSITION, POSIX_S))[3] == client_id
    too_long = b"IAMAT %bx %b %b\n" % (longest, POSITION, POSIX_S)
    assert await herd.say("Alford", too_long) == b"? " + too_long


@pytest_twisted.ensureDeferred
async def test_iamat__position_is_two_signed_decimals_in_range(herd: Herd, name: bytes) -> None:
    for index, position in enumerate(POSITIONS):
        client_id = b"%b-%d" % (name, index)
        line = await herd.report("Alford", client_id, position, POSIX_S)
        assert parts(line)[3:] == [client_id, position, POSIX_S]
        await herd.until_held(line, client_id, "Holiday")


@pytest_twisted.ensureDeferred
async def test_iamat__nothing_else_is_a_position(herd: Herd, name: bytes) -> None:
    for position in NO_POSITIONS:
        command = b"IAMAT %b %b %b\n" % (name, position, POSIX_S)
        assert await herd.say("Alford", command) == b"? " + command
    assert await herd.held("Alford", name) is None


@pytest_twisted.ensureDeferred
async def test_iamat__time_is_digits_with_an_optional_fraction(herd: Herd, name: bytes) -> None:
    for index, posix_s in enumerate(TIMES):
        client_id = b"%b-%d" % (name, index)
        line = await herd.report("Alford", client_id, POSITION, posix_s)
        assert parts(line)[3:] == [client_id, POSITION, posix_s]
        await herd.until_held(line, client_id, "Holiday")


@pytest_twisted.ensureDeferred
async def test_iamat__nothing_else_is_a_time(herd: Herd, name: bytes) -> None:
    for posix_s in NO_TIMES:
        command = b"IAMAT %b %b %b\n" % (name, POSITION, posix_s)
        assert await herd.say("Alford", command) == b"? " + command
    assert await herd.held("Alford", name) is None


@pytest_twisted.ensureDeferred
async def test_iamat__times_are_compared_exactly(herd: Herd, name: bytes) -> None:
    # As floats these are all the same.
    grains = [b"1479413884.3920144500000000000%02d" % grain for grain in (7, 9, 8)]
    first, newest, held = [await herd.report("Alford", name, POSITION, grain) for grain in grains]
    assert parts(first)[-1] == grains[0]
    assert parts(newest)[-1] == grains[1]
    assert held == newest


@pytest_twisted.ensureDeferred
async def test_iamat__times_of_different_length_are_compared_as_numbers(herd: Herd, name: bytes) -> None:
    assert parts(await herd.report("Alford", name, POSITION, b"9.5"))[-1] == b"9.5"
    newest = await herd.report("Alford", name, POSITION, b"10")
    assert parts(newest)[-1] == b"10"
    for older in (b"9.99999999999", b"09", b"0000009.6"):
        assert await herd.report("Alford", name, POSITION, older) == newest


@pytest_twisted.ensureDeferred
async def test_iamat__newer_than_what_the_server_holds(herd: Herd, name: bytes) -> None:
    await herd.report("Alford", name, POSITION, POSIX_S)
    line = await herd.report("Alford", name, ELSEWHERE, LATER)
    assert (parts(line)[1], parts(line)[3:]) == (b"Alford", [name, ELSEWHERE, LATER])
    await herd.until_held(line, name)


@pytest_twisted.ensureDeferred
async def test_iamat__newer_report_at_another_server(herd: Herd, name: bytes) -> None:
    first = await herd.report("Alford", name, POSITION, POSIX_S)
    await herd.until_held(first, name)
    line = await herd.report("Ball", name, ELSEWHERE, LATER)
    assert (parts(line)[1], parts(line)[3:]) == (b"Ball", [name, ELSEWHERE, LATER])
    await herd.until_held(line, name)


@pytest_twisted.ensureDeferred
async def test_iamat__same_report_again(herd: Herd, name: bytes) -> None:
    line = await herd.report("Alford", name, POSITION, POSIX_S)
    again = b"IAMAT %b %b %b\n" % (name, POSITION, POSIX_S)
    assert await herd.say("Alford", again * 3) == (line + b"\n") * 3


@pytest_twisted.ensureDeferred
async def test_iamat__same_report_again_at_another_server(herd: Herd, name: bytes) -> None:
    line = await herd.report("Alford", name, POSITION, POSIX_S)
    await herd.until_held(line, name)
    for server in herd.config.names:
        assert await herd.report(server, name, POSITION, POSIX_S) == line
    await herd.until_held(line, name)


@pytest_twisted.ensureDeferred
async def test_iamat__older_report_learns_the_newer(herd: Herd, name: bytes) -> None:
    line = await herd.report("Alford", name, POSITION, POSIX_S)
    assert await herd.report("Alford", name, ELSEWHERE, EARLIER) == line


@pytest_twisted.ensureDeferred
async def test_iamat__older_report_learns_the_newer_at_another_server(herd: Herd, name: bytes) -> None:
    line = await herd.report("Alford", name, POSITION, POSIX_S)
    await herd.until_held(line, name)
    for server in herd.config.names:
        assert await herd.report(server, name, ELSEWHERE, EARLIER) == line
    await herd.until_held(line, name)


@pytest_twisted.ensureDeferred
async def test_iamat__equal_times_at_two_servers_converge(herd: Herd, name: bytes) -> None:
    clients = {server: await herd.connect(server) for server in ("Alford", "Welsh")}
    for client, position in zip(clients.values(), (POSITION, ELSEWHERE), strict=True):
        client.send(b"IAMAT %b %b %b\n" % (name, position, POSIX_S))
    answers = [(await client.line())[:-1] for client in clients.values()]
    # Of two reports of one time the one wins whose origin has the greater name.
    await herd.until_held(answers[1], name)
    assert parts(answers[1])[1] == b"Welsh"


@pytest_twisted.ensureDeferred
async def test_at__origin_is_the_server_that_got_the_report(herd: Herd, name: bytes) -> None:
    for server in herd.config.names:
        client_id = name + b"-at-" + server.encode()
        line = await herd.report(server, client_id, POSITION, POSIX_S)
        assert parts(line)[1] == server.encode()
        await herd.until_held(line, client_id)


@pytest_twisted.ensureDeferred
async def test_at__difference_is_signed_exact_and_has_nine_decimals(herd: Herd, name: bytes) -> None:
    cases = product((-3600, 0, 3600, 1_000_000_000), (b"", b".5", b".392014450", b".392014450123456789"))
    for index, (ahead_s, digits) in enumerate(cases):
        posix_s = b"%d%b" % (time.time_ns() // 10**9 + ahead_s, digits)
        before_ns = time.time_ns()
        line = await herd.report("Alford", b"%b-%d" % (name, index), POSITION, posix_s)
        after_ns = time.time_ns()
        difference = parts(line)[2].decode()
        assert re.fullmatch(r"[+-](0|[1-9][0-9]*)\.[0-9]{9}", difference)
        with localcontext(prec=60):
            received_ns = round((Decimal(difference) + Decimal(posix_s.decode())) * 10**9)
        assert before_ns <= received_ns <= after_ns


@pytest_twisted.ensureDeferred
async def test_at__the_rest_is_the_reports_own_bytes(herd: Herd, name: bytes) -> None:
    position, posix_s = b"+034.0689300-0118.4451270", b"01479413884.39201445000"
    answer = await herd.say("Alford", b"\tIAMAT  %b\t%b \v %b \r\n" % (name, position, posix_s))
    assert re.fullmatch(
        rb"AT Alford \+[0-9]+\.[0-9]{9} %b\r\n" % re.escape(b" ".join([name, position, posix_s])), answer
    )


@pytest_twisted.ensureDeferred
async def test_at__is_one_and_the_same_record_everywhere(herd: Herd, name: bytes) -> None:
    line = await herd.report("Hamilton", name, POSITION, POSIX_S)
    await herd.until_held(line, name)
    for server in herd.config.names:
        assert await herd.report(server, name, POSITION, POSIX_S) == line
        told = await herd.say(server, b"WHATSAT %b 10 5\n" % name)
        assert told.startswith(line + b"\n")


@pytest_twisted.ensureDeferred
async def test_at__from_a_client_is_an_invalid_command(herd: Herd, name: bytes) -> None:
    line = await herd.report("Alford", name, POSITION, POSIX_S)
    forged = line.replace(POSIX_S, LATER).replace(POSITION, ELSEWHERE)
    other = forged.replace(name, name + b"-2")
    assert await herd.say("Alford", forged + b"\n" + other + b"\r\n") == (
        b"? " + forged + b"\n? " + other + b"\r\n"
    )
    assert await herd.held("Alford", name) == line
    assert await herd.held("Alford", name + b"-2") is None
