"""A link from its first word to its last: heartbeats, silence, rules that are broken, status, and the end."""

from __future__ import annotations

import random

import pytest
from attrs import asdict
from hypothesis import given
from hypothesis import strategies as st

from herd.core.promises import Outcome
from herd.core.record import NS_PER_S, make_line, origin_prefix
from herd.testing import MemoryNetwork, TurningClock
from tests.server.linkparts import Alford, LinkSide, hello, lines, record
from tests.server.parts import NOW_NS, POSITION

AT = record(b"kiwi") + b"\n"


def beats(alford: Alford, count: int) -> None:
    """Let heartbeats come, each answered as a neighbor does that has read all."""
    for _ in range(count):
        alford.pass_s(alford.side.limits.heartbeat_s)


def test_every_two_seconds_a_neighbor_is_asked_how_far_it_has_read() -> None:
    alford = Alford()
    link = alford.link()
    for _ in range(3):
        alford.pass_s(1.75)
        assert link.take() == b""
        alford.pass_s(0.25)
        assert link.take() == b"PING 0\n"
        link.receive(b"PONG 0\n")


def test_a_neighbor_is_asked_along_with_records_how_far_it_has_read_but_not_too_often() -> None:
    alford = Alford()
    link = alford.link()
    alford.side.report(b"kiwi")
    alford.turn()
    assert link.take().endswith(b"\nPING 1\n")
    alford.pass_s(0.1)
    alford.side.report(b"moa")
    alford.turn()
    assert lines(link.take(), b"PING") == []
    alford.pass_s(0.1)
    assert link.take() == b"PING 2\n"
    link.receive(b"PONG 1\n")
    assert alford.side.status("Ball").acknowledged == 1
    link.receive(b"PONG 2\n")
    assert alford.side.status("Ball").acknowledged == 2
    alford.pass_s(1.9)
    assert link.take() == b""
    alford.pass_s(0.1)
    assert link.take() == b"PING 2\n"


def test_the_side_with_the_greater_name_lets_the_other_ask() -> None:
    ball = Alford("Alford", name="Ball")
    link = ball.link("Alford")
    for _ in range(10):
        ball.pass_s(2.0)
        link.receive(b"PING 0\n")
        ball.turn()
        assert link.take() == b"PONG 0\n"
    ball.pass_s(2.49)
    assert link.take() == b""
    ball.pass_s(0.01)
    assert link.take() == b"PING 0\n", "it has heard nothing for a heartbeat and a quarter"
    link.receive(b"PONG 0\n")
    ball.pass_s(1.0)
    ball.side.report(b"kiwi")
    ball.turn()
    assert link.take().endswith(b"\nPING 1\n"), "and when it has to know"
    ball.pass_s(2.5)
    assert link.take() == b"PING 1\n", "until it does"


def test_a_ping_is_answered_with_how_much_was_read() -> None:
    alford = Alford()
    link = alford.link()
    link.receive(AT + AT + b"PING 2\n")
    alford.turn()
    assert lines(link.take(), b"PONG") == [b"PONG 2"]
    link.receive(record(b"moa") + b"\nPING 3\n")
    alford.turn()
    assert lines(link.take(), b"PONG") == [b"PONG 3"]
    assert alford.side.status("Ball").received == 3


@pytest.mark.parametrize("along", [b"", b"PING 2\n"])
def test_what_is_refused_as_of_the_future_is_asked_for_again(along: bytes) -> None:
    alford = Alford(clock_skew_s=1.0, reconnect_max_s=10.0)
    link = alford.link()
    future = make_line(origin_prefix("Ball"), NOW_NS + 2 * NS_PER_S, b"moa", POSITION, b"1479413884")
    asked_s = []
    for second in range(2, 50, 2):
        link.receive(b"PONG 0\n")
        if second in {2, 12, 40}:  # the first time, and when it is sent once more
            link.receive(AT + future + b"\n" + along)
        alford.pass_s(2.0)
        if lines(link.take(), b"ROOT"):
            asked_s.append(second)
            link.receive(b"DONE\n")
    assert asked_s == [10, 20, 48]


def test_a_link_that_is_silent_for_too_long_is_dropped_and_dialed_again() -> None:
    alford = Alford()
    link = alford.link()
    beats(alford, 3)
    alford.pass_s(1.99)
    assert link.is_connected
    alford.pass_s(0.01)
    assert not link.is_connected
    assert link.was_aborted
    assert alford.side.status("Ball").error == "silent for 8.0 s"
    assert "link to Ball is down: silent for 8.0 s\n" in alford.side.log_text
    alford.network.listen("Ball", Alford("Alford").side.acceptor)
    alford.pass_s(0.1)
    assert len(alford.network.connections) == 1


def test_an_answer_that_waits_is_asked_about_at_once_though_nothing_is_owed() -> None:
    alford = Alford()
    link, outcomes = alford.link(), list[Outcome]()
    for _ in range(3):
        alford.side.neighbors.promises.wait(outcomes.append, 0)
    alford.turn()
    assert link.take() == b"PING 0\n"
    link.receive(b"PONG 0\n")
    assert outcomes == [Outcome.KEPT] * 3


@pytest.mark.parametrize("said", [b"PONG 0\n", b"PING 0\n", AT])
def test_any_message_is_a_sign_of_life(said: bytes) -> None:
    alford = Alford()
    link = alford.link()
    for _ in range(10):
        beats(alford, 3)
        link.receive(said)
    assert link.is_connected
    beats(alford, 4)
    assert not link.is_connected


BROKEN = {
    b"IAMAT kiwi +1-1 1\n": "sent a line that is no message of the link protocol",
    b"\n": "sent a line that is no message of the link protocol",
    b"PING\n": "sent a line that is no message of the link protocol",
    b"PING -1\n": "sent a line that is no message of the link protocol",
    b"AT Ball 0.5 kiwi +1-1 1\n": "sent a line that is no message of the link protocol",
    hello(): "sent a line that is no message of the link protocol",
    b"AT Ball +0.500000000 " + b"x" * 1025 + b" +1-1 1\n": "sent a client id of over 1024 bytes",
    b"x" * 10_000: "sent a line of over 8704 bytes",
}


@pytest.mark.parametrize("said", BROKEN)
def test_who_breaks_the_protocol_is_closed_and_dialed_again(said: bytes) -> None:
    alford = Alford()
    link = alford.link()
    link.receive(AT)
    link.receive(said)
    assert link.was_aborted
    link.receive(AT)
    alford.turn()
    assert not link.is_connected
    status = alford.side.status("Ball")
    assert (status.state, status.error, status.outbox) == ("down", BROKEN[said], 0)
    assert f" link Ball 192.0.2.1:50514 refused {BROKEN[said]}\n" in alford.side.log_text
    assert alford.side.records == {b"kiwi": record(b"kiwi")}
    alford.network.listen("Ball", Alford("Alford").side.acceptor)
    alford.pass_s(0.2)
    assert len(alford.network.connections) == 1


def test_what_an_operator_sees_of_a_neighbor() -> None:
    alford = Alford()
    nothing = {"outbox": 0, "sent": 0, "acknowledged": 0, "received": 0}
    alford.pass_s(3)
    assert asdict(alford.side.status("Ball")) == {
        "name": "Ball", "state": "down", "for_s": 3.0, **nothing, "in_sync": False, "behind_s": 0.0,
        "error": None,
    }  # fmt: skip
    link = alford.link()
    alford.side.report(b"kiwi")
    alford.side.report(b"moa")
    alford.turn()
    link.receive(record(b"rhea") + b"\nPONG 1\n")
    alford.pass_s(1.5)
    assert asdict(alford.side.status("Ball")) == {
        "name": "Ball", "state": "up", "for_s": 1.5, "outbox": 0, "sent": 2, "acknowledged": 1, "received": 1,
        "in_sync": False, "behind_s": 1.5, "error": None,
    }  # fmt: skip
    link.stall()
    for number in range(2000):
        alford.side.report(b"bird%d" % number)
        alford.turn()
    status = alford.side.status("Ball")
    assert status.outbox + status.sent == 2002
    assert status.outbox > 0
    link.lose()
    assert asdict(alford.side.status("Ball")) == {
        "name": "Ball", "state": "down", "for_s": 0.0, "outbox": 0,
        "sent": status.sent, "acknowledged": 1, "received": 1, "in_sync": False, "behind_s": 0.0,
        "error": "Connection to the other side was lost in a non-clean fashion.",
    }  # fmt: skip
    alford.link(instance="second")
    status = alford.side.status("Ball")
    assert (status.acknowledged, status.received, status.error) == (0, 0, None)


def test_a_neighbor_is_in_sync_while_it_has_acknowledged_all_there_is() -> None:
    alford = Alford()
    link = alford.link()
    assert alford.side.status("Ball").in_sync
    alford.pass_s(0.25)
    alford.side.report(b"kiwi")
    assert not alford.side.status("Ball").in_sync
    alford.pass_s(0.5)
    assert (alford.side.status("Ball").in_sync, alford.side.status("Ball").behind_s) == (False, 0.75)
    link.receive(b"PONG 1\n")
    assert (alford.side.status("Ball").in_sync, alford.side.status("Ball").behind_s) == (True, 0.0)
    alford.pass_s(0.5)
    alford.side.report(b"moa")
    alford.pass_s(0.25)
    assert alford.side.status("Ball").behind_s == 0.75


def test_a_neighbor_is_not_in_sync_before_caches_have_been_compared() -> None:
    alford = Alford()
    alford.accept(hello())
    alford.turn()
    assert not alford.side.status("Ball").in_sync


def test_who_came_and_went_is_in_the_log_with_what_was_said() -> None:
    alford = Alford()
    link = alford.link()
    link.receive(AT + b"PING 1\nPONG 0\n")
    line = alford.side.report(b"moa")
    alford.turn()
    link.receive_end()
    logged = [entry.split(" ", 1)[1] for entry in alford.side.log_text.splitlines()]
    assert [entry for entry in logged if " sent AT" not in entry or line.decode() in entry] == [
        "link 192.0.2.1:50514 opened",
        "link 192.0.2.1:50514 got HERD 1 testers Ball Alford first n",
        "server Alford note link to Ball is up",
        f"link Ball 192.0.2.1:50514 got {record(b'kiwi').decode()}",
        f"link Ball 192.0.2.1:50514 sent {line.decode()}",
        "link Ball 192.0.2.1:50514 closed Connection was closed cleanly.",
        "server Alford note link to Ball is down: Connection was closed cleanly.",
    ]


def test_a_stopping_server_closes_a_link_when_the_neighbor_has_acknowledged_everything() -> None:
    alford = Alford()
    link = alford.link()
    link.stall()
    for number in range(3000):
        alford.side.report(b"bird%d" % number)
    alford.turn()
    alford.side.neighbors.stop()
    alford.turn()
    link.drain()
    alford.turn()
    data = link.take()
    assert len(lines(data, b"AT")) == 3000
    assert lines(data, b"PING")[-1] == b"PING 3000"
    assert data.endswith(b"PING 3000\n")
    link.receive(b"PONG 2999\n")
    alford.turn()
    assert link.is_connected
    link.receive(b"PONG 3000\n")
    alford.turn()
    assert not link.is_connected
    assert not link.was_aborted
    assert alford.clock.getDelayedCalls() == []


@given(st.integers(0, 2**32))
def test_a_server_that_stops_while_caches_are_compared_first_gives_what_the_neighbor_lacks(seed: int) -> None:
    clock = TurningClock()
    network = MemoryNetwork(clock, random.Random(seed))
    sides = [LinkSide("Alford", "Ball", network, clock), LinkSide("Ball", "Alford", network, clock)]
    expected = sides[0].report(b"kiwi")
    dialer = sides[seed % 2]
    dialer.neighbors[dialer.neighbors.names[0]]._dial()
    while sides[0].status("Ball").state != "up":
        clock.advance(0)
        network.step()
    sides[0].neighbors.stop()
    network.settle()
    assert sides[1].records == {b"kiwi": expected}
    assert len(sides[0].neighbors.connections) == 0


def test_who_is_no_neighbor_any_more_is_let_go_at_any_time() -> None:
    alford = Alford("Ball Welsh")
    alford.network.listen("Welsh", Alford("Alford").side.acceptor)
    alford.side.neighbors["Welsh"]._dial()
    welsh = alford.network.connections[0].dialer
    ball, half = alford.link("Ball"), alford.accept(hello()[:-1])
    alford.side.neighbors.replace({})
    half.receive(b"\n")
    welsh.receive(hello("Welsh"))
    alford.turn()
    assert [transport.is_connected for transport in (ball, half, welsh)] == [False, False, False]
    assert "refused says it is 'Ball', which is no neighbor any more\n" in alford.side.log_text
    assert alford.side.neighbors.status() == []
    assert alford.clock.getDelayedCalls() == []


def test_a_stopping_server_closes_a_link_with_nothing_owed_at_once() -> None:
    alford = Alford()
    link = alford.link()
    alford.side.neighbors.stop()
    alford.turn()
    assert not link.is_connected
    assert not link.was_aborted
    assert alford.clock.getDelayedCalls() == []


def test_a_link_that_is_lost_while_the_server_stops_is_not_dialed_again() -> None:
    alford = Alford()
    link = alford.link()
    link.stall()
    alford.side.report(b"kiwi")
    alford.turn()
    alford.side.neighbors.stop()
    alford.turn()
    link.lose()
    alford.turn()
    assert len(alford.side.neighbors.connections) == 0
    assert alford.clock.getDelayedCalls() == []


def test_a_stopping_server_does_not_wait_for_who_has_not_said_who_it_is() -> None:
    alford = Alford()
    stranger = alford.accept(b"HERD ")
    alford.side.neighbors.stop()
    alford.turn()
    assert not stranger.is_connected
    assert len(alford.side.neighbors.connections) == 0
