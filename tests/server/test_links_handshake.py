"""Who may speak on a link port: a neighbor that says who it is, in time. A stranger gets only a close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pytest_twisted import ensureDeferred

from tests.server.conftest import SIMULATED
from tests.server.linkparts import Alford, hello, record

if TYPE_CHECKING:
    from tests.server.conftest import RunningHerd

NO_HELLO = "the handshake does not begin with HERD and six words"
STRANGERS = {
    b"\n": NO_HELLO,
    b"IAMAT kiwi +1-1 1\n": NO_HELLO,
    b"GET / HTTP/1.1\r\n": NO_HELLO,
    b"\xff\xfe\n": "the handshake is not text",
    record(b"kiwi") + b"\n": NO_HELLO,
    hello(version="2"): "speaks link protocol 2, this server 1",
    hello(version="x"): "the handshake's version is no number",
    hello(herd="others"): "is of herd 'others', this server of 'testers'",
    hello(sender="Welsh"): "says it is 'Welsh', which is not expected here",
    hello(sender="Alford"): "says it is 'Alford', which is not expected here",
    hello(receiver="Welsh"): "looks for 'Welsh', this server is 'Alford'",
    b"x" * 1025: "the handshake is too long",
    b"x" * 5000 + b"\n": "the handshake is too long",
}


@pytest.mark.parametrize("said", STRANGERS)
def test_a_stranger_gets_nothing_but_a_close_and_a_line_in_the_log(said: bytes) -> None:
    alford = Alford()
    stranger = alford.accept(said, record(b"kiwi") + b"\n")
    assert stranger.was_aborted
    alford.turn()
    assert not stranger.is_connected
    assert stranger.writes == []
    assert alford.side.records == {}
    assert f" link 192.0.2.1:50514 refused {STRANGERS[said]}\n" in alford.side.log_text
    assert alford.side.status("Ball").state == "down"
    assert len(alford.side.neighbors.connections) == 0
    assert not alford.clock.getDelayedCalls()


def test_what_a_stranger_calls_itself_cannot_forge_a_line() -> None:
    alford = Alford()
    alford.accept(hello(herd="\x1b[31m\u2028\x85\xe9"))
    (refused,) = [line for line in alford.side.log_text.split("\n") if "refused" in line]
    assert refused.endswith(r" is of herd '\x5cx1b[31m\x5cu2028\x5cx85\xc3\xa9', this server of 'testers'")


@pytest.mark.parametrize("said", [b"", hello()[:-1]])
def test_who_does_not_show_in_time_who_it_is_is_closed(said: bytes) -> None:
    alford = Alford()
    stranger = alford.accept()
    alford.pass_s(4.9)
    if said:
        stranger.receive(said)
    alford.pass_s(0.09)
    assert stranger.is_connected
    alford.pass_s(0.01)
    assert not stranger.is_connected
    assert stranger.was_aborted
    assert stranger.writes == []
    assert "refused did not show in time who it is\n" in alford.side.log_text


def test_a_stranger_who_leaves_leaves_nothing() -> None:
    alford = Alford()
    stranger = alford.accept(b"HERD ")
    stranger.receive_end()
    assert not stranger.is_connected
    alford.turn()
    assert not alford.clock.getDelayedCalls()


def test_a_neighbor_is_answered_and_let_in() -> None:
    alford = Alford()
    transport = alford.accept(hello())
    words = transport.take().split(b"\n")[0].split(b" ")
    assert words[:5] == [b"HERD", b"1", b"testers", b"Alford", b"Ball"]
    assert [len(word) for word in words[5:]] == [32, 32]
    assert alford.side.status("Ball").state == "up"
    alford.pass_s(7)
    assert transport.is_connected


def test_a_handshake_may_come_byte_by_byte_and_records_in_the_same_piece() -> None:
    alford = Alford()
    transport = alford.accept(*[bytes([byte]) for byte in hello() + record(b"kiwi") + b"\n"])
    assert transport.is_connected
    other = Alford()
    other.accept(hello() + record(b"kiwi") + b"\n" + record(b"moa") + b"\nAT half")
    assert alford.side.records == {b"kiwi": record(b"kiwi")}
    assert other.side.records == {b"kiwi": record(b"kiwi"), b"moa": record(b"moa")}


def test_every_connection_has_its_own_nonce_and_every_process_its_instance() -> None:
    alford = Alford()
    answers = [alford.accept(hello(nonce=f"{number}")).take().split() for number in range(5)]
    assert len({answer[5] for answer in answers}) == 1
    assert len({answer[6] for answer in answers}) == 5


def test_a_dialer_speaks_first_and_hangs_up_on_who_is_not_the_neighbor_it_dialed() -> None:
    alford = Alford()
    alford.network.listen("Ball", Alford("Welsh").side.acceptor)
    alford.side.neighbors.start()
    alford.clock.advance(0)
    (connection,) = alford.network.connections
    assert connection.dialer.take().startswith(b"HERD 1 testers Alford Ball ")
    connection.dialer.receive(hello(sender="Welsh"))
    alford.clock.advance(0)
    assert not connection.dialer.is_connected
    assert connection.dialer.writes[1:] == []
    status = alford.side.status("Ball")
    assert (status.state, status.error) == ("down", "says it is 'Welsh', which is not expected here")


def test_a_dialer_waits_no_longer_than_an_acceptor() -> None:
    alford = Alford()
    silent = Alford("Alford")
    alford.network.listen("Ball", silent.side.acceptor)
    alford.side.neighbors.start()
    alford.pass_s(4.99)
    (connection,) = alford.network.connections
    assert connection.dialer.is_connected
    alford.pass_s(0.01)
    assert not connection.dialer.is_connected
    assert alford.side.status("Ball").error == "did not show in time who it is"


def test_while_a_dialed_connection_has_not_shaken_hands_no_other_is_dialed() -> None:
    alford = Alford()
    alford.network.listen("Ball", Alford("Alford").side.acceptor)
    alford.side.neighbors.start()
    alford.turn()
    assert len(alford.network.connections) == 1
    rejected = alford.link()
    rejected.lose()
    for _ in range(40):
        alford.pass_s(0.1)
    assert len(alford.network.connections) == 1
    alford.pass_s(1)
    alford.pass_s(0.1)
    assert len(alford.network.connections) == 2


@SIMULATED
@ensureDeferred
async def test_strangers_on_a_link_port_are_closed_and_the_herd_goes_on(
    running_herd: RunningHerd, reactor: Any
) -> None:
    herd = await running_herd("Alford-Ball", handshake_timeout_s=3.0)
    silent = await herd["Alford"].connect_to_links()
    began_s = reactor.seconds()
    loud = await herd["Alford"].connect_to_links()
    loud.send(b"IAMAT kiwi +1-1 1\n" + b"x" * 100_000)
    await loud.lost()
    assert reactor.seconds() - began_s < 0.01
    await silent.lost()
    assert reactor.seconds() - began_s == pytest.approx(3, abs=0.01)
    assert loud.received == silent.received == b""
    await herd["Alford"].say(b"IAMAT kiwi +1-1 1\n")
    await herd.until(lambda: b"kiwi" in herd["Ball"].records)
