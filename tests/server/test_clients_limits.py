"""What one client may cost: answers that wait, output that it does not read, lines without an end."""

from __future__ import annotations

from tests.server.parts import AT, IAMAT, ClientSide, places_text

WHATSAT = b"WHATSAT kiwi 10 5\n"


def iamats(count: int, first: int = 0) -> bytes:
    return b"".join(b"IAMAT bird%d +1-1 1\n" % number for number in range(first, first + count))


def test_a_client_with_too_many_answers_waiting_is_not_read_and_loses_nothing() -> None:
    alford = ClientSide(answers_waiting=3)
    client = alford.connect(IAMAT + WHATSAT * 7)
    client.take()
    client.receive(b"x\n" * 2)
    assert len(alford.places.asked) == 3
    assert not client.is_reading
    for number in range(7):
        assert client.take() == b""
        alford.places.asked[number].answer(f"{number}")
        alford.turn()
        answer = AT + places_text(f"{number}") + b"\n\n"
        assert client.take() == (answer if number < 6 else answer + b"? x\n" * 2)
    assert client.is_reading
    assert len(alford.places.asked) == 7


def test_every_answer_that_waits_counts_those_to_many_reports_in_one_chunk_too() -> None:
    alford = ClientSide(answers_waiting=4)
    client = alford.connect(IAMAT + WHATSAT + iamats(10))
    assert client.take() == AT
    assert len(alford.replica.cache) == 1 + 3
    assert not client.is_reading
    client.receive(iamats(10, first=10))
    alford.turn()
    assert len(alford.replica.cache) == 1 + 3
    alford.places.asked[0].answer("A")
    alford.turn()
    head, _, tail = client.take().partition(b"\n\n")
    assert head == AT + places_text("A")
    assert [line.split()[3] for line in tail.splitlines()] == [b"bird%d" % number for number in range(20)]
    assert client.is_reading


def test_a_client_that_does_not_read_is_not_read_either() -> None:
    alford = ClientSide()
    client = alford.connect()
    client.stall()
    for number in range(100):
        client.receive(iamats(100, first=100 * number))
        alford.turn()
    assert not client.is_reading
    held = len(alford.replica.cache)
    assert 65_536 / len(b"AT Alford +1479413883.655887836 bird9999 +1-1 1\n") < held < 2000
    assert sum(map(len, client.writes)) < 65_536 + 100 * 60
    client.drain()
    alford.turn()
    assert client.is_reading
    assert len(alford.replica.cache) == 10_000
    assert [line.split()[3] for line in client.take().splitlines()] == [b"bird%d" % n for n in range(10_000)]


def test_a_client_that_half_closes_before_it_reads_gets_everything_in_the_end() -> None:
    alford = ClientSide()
    client = alford.connect()
    client.stall()
    client.receive(iamats(2000) + b"x\n" + iamats(2000))
    client.receive_end()
    alford.turn()
    client.drain()
    alford.turn()
    assert client.take().count(b"\n") == 4001
    assert not client.is_connected
    assert not client.was_aborted


def test_a_line_over_the_limit_gets_one_answer_and_the_connection_is_over() -> None:
    alford = ClientSide(line_bytes=256)
    client, other = alford.connect(), alford.connect()
    client.receive(IAMAT + b"x" * 257)
    alford.turn()
    assert client.take() == AT + b"? line over 256 bytes\n"
    assert client.has_ended_output
    assert client.is_connected
    client.receive(b"x\n" + IAMAT)
    alford.turn()
    assert client.take() == b""
    other.receive(IAMAT)
    assert other.take() == AT
    assert "refused line over 256 bytes\n" in "".join(alford.logged)


def test_a_line_of_exactly_the_limit_its_ending_included_is_a_command() -> None:
    alford = ClientSide(line_bytes=256)
    client = alford.connect(b"x" * 255 + b"\n")
    assert client.take() == b"? " + b"x" * 255 + b"\n"
    client.receive(b"x" * 256 + b"\n")
    assert client.take() == b"? line over 256 bytes\n"


def test_a_refused_client_that_stays_is_cut_off_after_two_seconds() -> None:
    alford = ClientSide(line_bytes=256)
    client = alford.connect(b"x" * 300)
    alford.turn()
    alford.clock.advance(1.99)
    client.receive(b"x" * 10_000)
    assert client.is_connected
    alford.clock.advance(0.02)
    assert client.was_aborted
    alford.turn()
    assert not client.is_connected
    assert not alford.timers


def test_a_refused_client_that_closes_is_gone_at_once() -> None:
    alford = ClientSide(line_bytes=256)
    client = alford.connect(b"x" * 300)
    alford.turn()
    assert alford.end(client) == b"? line over 256 bytes\n"
    assert not client.is_connected
    assert not client.was_aborted
    assert not alford.timers


def test_a_refused_client_that_had_closed_before_its_answer_came_is_gone_with_it() -> None:
    alford = ClientSide(line_bytes=256)
    client = alford.connect(IAMAT + WHATSAT + b"x" * 300)
    assert alford.end(client) == AT
    alford.places.asked[0].answer("A")
    alford.turn()
    assert client.take() == AT + places_text("A") + b"\n\n? line over 256 bytes\n"
    assert not client.is_connected
    assert not client.was_aborted
    assert not alford.timers


def test_what_a_refused_client_still_sends_is_read_though_its_input_was_paused_before() -> None:
    alford = ClientSide(line_bytes=256, answers_waiting=1)
    client = alford.connect(IAMAT + WHATSAT + b"x" * 300)
    client.take()
    assert not client.is_reading
    alford.places.asked[0].answer("A")
    alford.turn()
    assert client.take().endswith(b"\n\n? line over 256 bytes\n")
    assert client.is_reading
    assert alford.end(client) == b""
    assert not client.is_connected
    assert not client.was_aborted


def test_a_refused_client_that_reads_nothing_is_cut_off_too() -> None:
    alford = ClientSide(line_bytes=256)
    client = alford.connect()
    client.stall()
    client.receive(b"x" * 300)
    alford.turn()
    assert not client.has_ended_output
    alford.clock.advance(2)
    alford.turn()
    assert not client.is_connected
    assert not alford.timers


def test_answers_before_a_line_that_is_too_long_come_first_though_they_come_late() -> None:
    alford = ClientSide(line_bytes=256)
    client = alford.connect(IAMAT + WHATSAT + b"y" * 300)
    assert client.take() == AT
    alford.turn()
    assert not client.has_ended_output
    alford.places.asked[0].answer("A")
    alford.turn()
    assert client.take() == AT + places_text("A") + b"\n\n? line over 256 bytes\n"
    assert client.has_ended_output
