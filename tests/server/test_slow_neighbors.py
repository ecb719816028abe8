"""Neighbors that do not read, have vanished or talk nonsense cost little, and nobody else notices."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from pytest_twisted import ensureDeferred

from herd.core.reconcile import Step
from herd.core.record import make_line, origin_prefix
from herd.testing import MemoryNetwork, TurningClock
from tests.server.conftest import SIMULATED
from tests.server.linkparts import Alford, LinkSide, hello, lines, record
from tests.server.parts import NOW_NS, POSITION
from tests.server.standin import stand_in

if TYPE_CHECKING:
    from herd.testing import MemoryTransport
    from tests.server.conftest import RunningHerd

IDS = [b"bird%d" % number for number in range(50)]
SECOND_NS = 10**9


def second_link(alford: Alford, neighbor: str) -> MemoryTransport:
    """Have another neighbor link, which lacks nothing."""
    transport = alford.accept(hello(neighbor))
    digests = alford.side.replica.digests
    while digests.refresh():
        pass
    transport.receive(Step("ROOT", digests=(digests.root(),)).to_line() + b"\n")
    alford.turn()
    transport.take()
    return transport


def fill(alford: Alford, link: MemoryTransport) -> None:
    """Write to a neighbor that does not read until its transport wants no more."""
    link.stall()
    count = 0
    while len(link._buffer) <= 65_536:
        alford.side.report(b"x" * 900 + b"%d" % count)
        alford.turn()
        count += 1


def test_a_neighbor_that_does_not_read_is_owed_one_record_a_client_and_then_gets_the_newest() -> None:
    alford = Alford("Ball Welsh", link_silence_s=1000.0, heartbeat_s=500.0)
    ball, welsh = alford.link("Ball"), second_link(alford, "Welsh")
    fill(alford, ball)
    welsh.take()
    newest = {}
    for second in range(1, 101):
        for client_id in IDS:
            newest[client_id] = alford.side.report(client_id, b"%d" % second)
        alford.turn()
        assert alford.side.status("Ball").outbox == len(IDS)
        assert lines(welsh.take(), b"AT") == list(newest.values())
    assert alford.side.status("Welsh").outbox == 0
    ball.drain()
    alford.turn()
    assert lines(ball.take(), b"AT")[-len(IDS) :] == list(newest.values())
    assert alford.side.status("Ball").outbox == 0


def test_while_it_does_not_read_one_ping_and_one_pong_wait_for_it() -> None:
    alford = Alford(link_silence_s=1000.0)
    ball = alford.link()
    fill(alford, ball)
    for _ in range(20):
        ball.receive(b"PING 0\n")
        alford.pass_s(2.0)
    ball.drain()
    alford.turn()
    said = ball.take()
    assert len(lines(said, b"PONG")) <= 2
    assert len(lines(said, b"PING")) <= 2


def test_a_black_hole_is_noticed_within_the_silence_that_is_allowed() -> None:
    alford = Alford(heartbeat_s=0.5, link_silence_s=2.0)
    ball = alford.link()
    alford.pass_s(1.0)
    ball.receive(b"PONG 0\n")
    last_s = alford.clock.seconds()
    while ball.is_connected:
        alford.side.report(b"kiwi", b"%d" % (alford.clock.seconds() * 100))
        alford.pass_s(0.1)
        assert alford.clock.seconds() - last_s < 2.0 + 0.5 + 0.1 + 1e-9
    assert alford.clock.seconds() - last_s >= 2.0
    assert str(alford.side.status("Ball").error).startswith("silent for 2.")


@SIMULATED
@ensureDeferred
async def test_a_neighbor_that_answers_nothing_is_dropped_by_a_running_server(
    running_herd: RunningHerd, reactor: Any
) -> None:
    herd = await running_herd("Alford-Ball", heartbeat_s=1.0, link_silence_s=4.0)
    await herd["Ball"].kill()
    alford = herd["Alford"]
    ball = await stand_in(alford)
    assert alford.link("Ball")["state"] == "up"
    heard_s = reactor.seconds()
    await ball.client.lost()
    assert reactor.seconds() - heard_s == pytest.approx(4, abs=0.01)
    # The next dials, which nobody takes, have words of their own: the log keeps these.
    await alford.stop()
    assert "link to Ball is down: silent for 4.0 s\n" in alford.config.log_file("Alford").read_text()


@ensureDeferred
async def test_a_neighbor_that_stops_reading_for_a_while_gets_the_newest_when_it_reads_on(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball Alford-Welsh", heartbeat_s=60.0, link_silence_s=240.0)
    await herd["Ball"].kill()
    alford = herd["Alford"]
    ball = await stand_in(alford)
    ball.client.transport.pauseProducing()
    client = await alford.connect()
    ids = [b"x" * 1000 + b"%d" % number for number in range(500)]
    second = 0
    while alford.link("Ball")["outbox"] == 0 or second < 5:  # until the sockets' buffers are full
        second += 1
        client.send(b"".join(b"IAMAT %b +1-1 %d\n" % (client_id, second) for client_id in ids))
        await client.until(b"%b +1-1 %d\n" % (ids[-1], second))
        assert alford.link("Ball")["outbox"] <= len(ids)
    newest = alford.records
    assert len(newest) == len(ids)
    await herd.until(lambda: herd["Welsh"].records == newest)
    ball.client.transport.resumeProducing()
    last = b"%b +1-1 %d\n" % (ids[-1], second)
    said = await ball.until(last)
    got = {line.split(b" ")[3]: line for line in said if line.startswith(b"AT ")}
    assert got == newest
    await herd.until(lambda: alford.link("Ball")["outbox"] == 0)
    for each in (client, ball.client):
        await each.close()


def made_at(client_id: bytes, received_ns: int, time: bytes = b"1479413884") -> bytes:
    return make_line(origin_prefix("Ball"), received_ns, client_id, POSITION, time)


def test_a_record_that_has_expired_is_not_brought_back_by_reconciling() -> None:
    alford = Alford(record_lifetime_s=10.0)
    ball = alford.link()
    ball.receive(made_at(b"old", NOW_NS - 10 * SECOND_NS) + b"\n")
    ball.receive(made_at(b"young", NOW_NS - 10 * SECOND_NS + 1) + b"\n")
    alford.turn()
    assert list(alford.side.records) == [b"young"]


def test_a_record_from_a_century_ahead_is_not_taken_and_not_passed_on() -> None:
    alford = Alford("Ball Welsh", clock_skew_s=3600.0)
    ball, welsh = alford.link("Ball"), second_link(alford, "Welsh")
    century_ns = 100 * 365 * 86_400 * SECOND_NS
    ball.receive(made_at(b"far", NOW_NS + century_ns) + b"\n")
    ball.receive(made_at(b"just-too-far", NOW_NS + 3600 * SECOND_NS + 1) + b"\n")
    near = made_at(b"near", NOW_NS + 3600 * SECOND_NS)
    ball.receive(near + b"\n")
    alford.turn()
    assert alford.side.records == {b"near": near}
    assert lines(welsh.take(), b"AT") == [near]
    assert alford.side.replica.refused == 2


def test_however_many_clients_a_neighbor_tells_of_no_more_are_held_than_the_cap() -> None:
    alford = Alford("Ball Welsh", clients_held=10)
    ball, welsh = alford.link("Ball"), second_link(alford, "Welsh")
    welsh.stall()
    for number in range(1000):
        ball.receive(made_at(b"bird%d" % number, NOW_NS - SECOND_NS + number) + b"\n")
        assert len(alford.side.records) <= 10
    alford.turn()
    assert list(alford.side.records) and sorted(alford.side.records) == sorted(  # noqa: PT018 - one claim
        b"bird%d" % number for number in range(990, 1000)
    )


def test_two_servers_with_different_clocks_and_caps_still_end_their_reconciling() -> None:
    clock = TurningClock()
    network = MemoryNetwork(clock, random.Random(0))
    alford = LinkSide("Alford", "Ball", network, clock, clients_held=10)
    ball = LinkSide("Ball", "Alford", network, clock)
    for number in range(100):
        ball.report(b"bird%d" % number)
    alford.neighbors.start()
    for _ in range(20):
        network.settle()
        clock.advance(0.1)
    assert len(alford.records) == 10
    assert len(ball.records) == 100
    assert ball.status("Alford").in_sync
    assert record(b"kiwi") not in ball.records.values()
