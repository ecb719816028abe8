"""How many clients, how fast, and how long they may be silent."""

from __future__ import annotations

import pytest

from tests.server.parts import AT, IAMAT, ClientSide

WHATSAT = b"WHATSAT kiwi 10 5\n"


def iamats(count: int) -> bytes:
    return b"".join(b"IAMAT bird%d +1-1 1\n" % number for number in range(count))


def test_one_connection_too_many_is_told_so_and_the_others_stay() -> None:
    alford = ClientSide(connections=2)
    kept = [alford.connect(), alford.connect()]
    extra = alford.connect(IAMAT)
    alford.turn()
    assert extra.take() == b"? too many connections\n"
    assert extra.has_ended_output
    assert alford.end(extra) == b""
    assert not extra.is_connected
    kept[0].receive(IAMAT)
    assert kept[0].take() == AT
    kept[1].lose()
    assert alford.connect(IAMAT).take() == AT


def test_one_address_has_its_share_and_gets_it_back() -> None:
    alford = ClientSide(connections_per_address=2)
    kept = [alford.connect(), alford.connect()]
    extra = alford.connect()
    alford.turn()
    assert extra.take() == b"? too many connections from this address\n"
    alford.end(extra)
    for client in kept:
        client.lose()
    assert alford.context.addresses == {}
    assert alford.connect(IAMAT).take() == AT


def test_a_client_that_is_faster_than_it_may_be_is_slowed_and_loses_nothing() -> None:
    alford = ClientSide(commands_per_s=10.0)
    client = alford.connect(b"x\n" * 30)
    answered = client.take().count(b"\n")
    assert answered == 11
    assert not client.is_reading
    moments = []
    while answered < 30:
        alford.clock.advance(0.05)
        answered += client.take().count(b"\n")
        moments.append(answered)
    assert moments[19] == pytest.approx(21, abs=1)
    alford.clock.advance(1)
    alford.turn()
    assert client.is_reading
    assert alford.end(client) == b""
    assert not alford.timers


def test_a_burst_after_silence_passes_unhindered() -> None:
    alford = ClientSide(commands_per_s=100.0)
    client = alford.connect()
    alford.clock.advance(10)
    client.receive(b"x\n" * 100)
    assert client.take() == b"? x\n" * 100


def test_reports_that_have_to_wait_for_an_answer_are_counted_once() -> None:
    alford = ClientSide(commands_per_s=100.0, answers_waiting=2)
    client = alford.connect(IAMAT + WHATSAT + iamats(50))
    alford.places.asked[0].answer("A")
    alford.turn()
    assert client.take().count(b" bird") == 50
    assert not alford.timers or alford.timers[0].getTime() < 0.1


def test_a_client_that_is_gone_waits_for_nothing() -> None:
    alford = ClientSide(commands_per_s=1.0)
    client = alford.connect(b"x\n" * 10)
    assert alford.timers
    client.lose()
    alford.turn()
    assert not alford.timers


def idle(alford: ClientSide, seconds: float) -> None:
    """Let time pass, with the look at idle clients that a server takes every second."""
    alford.clock.advance(seconds)
    for connection in alford.connections.all():
        connection.close_if_idle(alford.clock.seconds())
    alford.turn()


def test_a_client_that_says_nothing_for_too_long_is_told_so_and_closed() -> None:
    alford = ClientSide(idle_s=60.0)
    client, busy = alford.connect(), alford.connect()
    idle(alford, 59)
    busy.receive(IAMAT)
    busy.take()
    idle(alford, 1)
    assert client.take() == b"? idle for 60 s\n"
    assert client.has_ended_output
    assert not busy.has_ended_output
    idle(alford, 2)
    assert not client.is_connected


def test_a_client_that_waits_for_an_answer_is_not_idle() -> None:
    alford = ClientSide(idle_s=2.0, commands_per_s=0.1)
    asking, slowed = alford.connect(IAMAT + WHATSAT), alford.connect(b"x\n" * 5)
    asking.take()
    idle(alford, 4)
    assert asking.take() == b""
    assert not asking.has_ended_output
    assert not slowed.has_ended_output


def test_a_client_that_reads_nothing_for_too_long_is_cut_off() -> None:
    alford = ClientSide(idle_s=60.0)
    client = alford.connect()
    client.stall()
    client.receive(iamats(2000) + b"x\n" + iamats(2000))
    alford.turn()
    assert not client.is_reading
    idle(alford, 60)
    idle(alford, 2)
    assert not client.is_connected
    assert not alford.timers
