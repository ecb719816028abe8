"""Under durability `neighbor` an answer says that a neighbor has the report too, or that nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from pytest_twisted import ensureDeferred

from herd.testing import HeldPlaces
from tests.server.conftest import BOTH, SIMULATED
from tests.server.standin import stand_in

if TYPE_CHECKING:
    from herd.testing import LocalHerd, LocalServer
    from tests.server.conftest import RunningHerd

pytestmark = BOTH

NOW_NS = 1_479_413_884_655_887_836
IAMAT = b"IAMAT kiwi +34.068930-118.445127 1479413884.392014450\n"
AT = b"AT Alford +0.263873386 kiwi +34.068930-118.445127 1479413884.392014450\n"


def report(name: bytes) -> bytes:
    return IAMAT.replace(b"kiwi", name)


def answer(name: bytes) -> bytes:
    return AT.replace(b"kiwi", name)


async def alford_alone(running_herd: RunningHerd, **limits: Any) -> tuple[LocalHerd, LocalServer]:
    """Start Alford, whose neighbor Ball is not there."""
    options = {"promise_timeout_s": 60.0, "heartbeat_s": 60.0, "link_silence_s": 240.0, **limits}
    herd = await running_herd("Alford-Ball", durability="neighbor", wall_ns=lambda: NOW_NS, **options)
    await herd["Ball"].kill()
    await herd.until(lambda: herd["Alford"].link("Ball")["state"] != "up")
    return herd, herd["Alford"]


@ensureDeferred
async def test_an_answer_waits_until_a_neighbor_has_acknowledged_the_record(
    running_herd: RunningHerd,
) -> None:
    _, alford = await alford_alone(running_herd)
    ball = await stand_in(alford)
    client = await alford.connect()
    client.send(IAMAT)
    assert await ball.until(b"PING 1\n") == [AT[:-1], b"PING 1"]
    ball.say(b"PONG 0")
    await ball.be_heard()
    assert alford.status()["answers_waiting"] == 1
    assert client.received == b""
    ball.say(b"PONG 1")
    assert await client.line() == AT
    assert alford.status()["answers_waiting"] == 0


@ensureDeferred
async def test_when_the_answer_comes_the_neighbor_holds_the_record(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford-Ball", durability="neighbor", wall_ns=lambda: NOW_NS)
    await herd.until(lambda: herd["Alford"].link("Ball")["in_sync"])
    for number in range(20):
        client_id = b"bird%d" % number
        assert await herd["Alford"].say(report(client_id)) == answer(client_id)
        assert client_id in herd["Ball"].records


@SIMULATED
@ensureDeferred
async def test_an_answer_that_has_waited_for_too_long_is_a_refusal_of_the_very_bytes(
    running_herd: RunningHerd, reactor: Any
) -> None:
    _, alford = await alford_alone(running_herd, promise_timeout_s=3.0)
    ball = await stand_in(alford)
    client = await alford.connect()
    line = b"\tIAMAT  kiwi \v+34.068930-118.445127 1479413884.392014450 \r\n"
    began_s = reactor.seconds()
    client.send(line)
    assert await client.until(b"\n") == b"? " + line
    # A tick a second looks for what is overdue, and the one after three seconds came just too early.
    assert reactor.seconds() - began_s == pytest.approx(4, abs=0.01)
    assert alford.records == {b"kiwi": AT[:-1]}
    ball.say(b"PONG 1")
    await ball.be_heard()
    client.send(IAMAT)
    await ball.until(b"PING 1\n")
    assert client.received == b""
    await ball.client.close()
    await client.close()


@SIMULATED
@ensureDeferred
async def test_a_report_that_was_refused_is_answered_when_it_is_sent_again(running_herd: RunningHerd) -> None:
    _, alford = await alford_alone(running_herd, promise_timeout_s=3.0)
    client = await alford.connect()
    client.send(IAMAT)
    assert await client.line() == b"? " + IAMAT
    patient = evolve(alford.config.limits, promise_timeout_s=60.0)
    alford.config = evolve(alford.config, limits=patient)
    assert alford.node.reload() == ["limits have changed"]
    ball = await stand_in(alford)
    client.send(IAMAT)
    await ball.until(b"PING 0\n")
    assert client.received == b""
    ball.say(b"PONG 0")
    assert await client.line() == AT


@SIMULATED
@ensureDeferred
async def test_with_no_neighbor_up_a_report_is_kept_and_not_promised(running_herd: RunningHerd) -> None:
    _, alford = await alford_alone(running_herd, promise_timeout_s=3.0)
    assert await alford.say(IAMAT + b"x\n" + report(b"moa")) == b"? " + IAMAT + b"? x\n? " + report(b"moa")
    assert alford.records == {b"kiwi": AT[:-1], b"moa": answer(b"moa")[:-1]}


@ensureDeferred
async def test_a_retry_waits_for_an_acknowledgement_too_and_asks_for_it_at_once(
    running_herd: RunningHerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herd.server.neighbor._ACKNOWLEDGE_S", 60.0)
    _, alford = await alford_alone(running_herd)
    ball = await stand_in(alford)
    client = await alford.connect()
    client.send(IAMAT)
    await ball.until(b"PING 1\n")
    ball.say(b"PONG 1")
    assert await client.line() == AT
    client.send(IAMAT)
    await ball.until(b"PING 1\n")
    assert client.received == b""
    ball.say(b"PONG 1")
    assert await client.line() == AT


@ensureDeferred
async def test_answers_keep_their_order_where_some_wait_for_neighbors_and_some_for_places(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball", durability="neighbor", wall_ns=lambda: NOW_NS, heartbeat_s=60.0)
    await herd["Alford"].stop()
    await herd["Ball"].kill()
    alford = herd["Alford"]
    places = alford.places = HeldPlaces()
    alford.start()
    ball = await stand_in(alford)
    client = await alford.connect()
    client.send(IAMAT)
    await ball.until(b"PING 1\n")
    ball.say(b"PONG 1")
    assert await client.line() == AT
    client.send(report(b"moa") + b"WHATSAT kiwi 10 5\n" + report(b"rhea") + b"x\n")
    await ball.until(b"PING 3\n")
    assert client.received == b""
    ball.say(b"PONG 2")  # which is no answer to that PING
    await ball.be_heard()
    assert client.received == b""
    ball.say(b"PONG 3")
    assert await client.line() == answer(b"moa")
    await ball.be_heard()
    assert client.received == b""
    places.asked[0].answer("Powell Library")
    whatsat = await client.until(b"}\n\n")
    assert whatsat.startswith(AT + b"{")
    assert await client.line() == answer(b"rhea")
    assert await client.line() == b"? x\n"


@ensureDeferred
async def test_a_neighbor_that_is_still_being_reconciled_does_not_count(running_herd: RunningHerd) -> None:
    _, alford = await alford_alone(running_herd)
    ball = await stand_in(alford, reconciles=False)
    client = await alford.connect()
    client.send(IAMAT)
    await ball.until(AT)
    ball.say(b"PONG 1")
    await ball.be_heard()
    assert client.received == b""
    assert not alford.link("Ball")["in_sync"]
    await ball.reconcile()
    await ball.until(b"PING 1\n")
    assert client.received == b""
    ball.say(b"PONG 1")
    assert await client.line() == AT


@ensureDeferred
async def test_all_that_waits_is_asked_for_and_released_by_one_acknowledgement(
    running_herd: RunningHerd,
) -> None:
    _, alford = await alford_alone(running_herd)
    ball = await stand_in(alford)
    client = await alford.connect()
    names = [b"bird%d" % number for number in range(200)]
    client.send(b"".join(map(report, names)))
    said = await ball.until(b"PING 200\n")
    assert said == [*(answer(name)[:-1] for name in names), b"PING 200"]
    assert client.received == b""
    ball.say(b"PONG 200")
    assert await client.until(answer(names[-1])) == b"".join(map(answer, names))


@ensureDeferred
async def test_what_waits_when_a_link_goes_down_is_promised_by_the_next_one(
    running_herd: RunningHerd,
) -> None:
    herd, alford = await alford_alone(running_herd)
    ball = await stand_in(alford)
    client = await alford.connect()
    client.send(IAMAT)
    await ball.until(b"PING 1\n")
    ball.client.abort()
    await herd.until(lambda: alford.link("Ball")["state"] != "up")
    ball = await stand_in(alford, reconciles=False)
    ball.say(b"PONG 0")
    await ball.be_heard()
    assert client.received == b""
    ball.say(b"ROOT " + b"00" * 8)
    assert (await ball.until(b"TURN\n"))[-1] == b"TURN"
    ball.say(b"GIVE -", b"TURN")
    await ball.until(AT)
    await ball.until(b"DONE\nPING 1\n")
    assert client.received == b""
    ball.say(b"PONG 1")
    assert await client.line() == AT


@ensureDeferred
async def test_a_client_that_has_gone_meanwhile_harms_nobody(running_herd: RunningHerd) -> None:
    herd, alford = await alford_alone(running_herd)
    ball = await stand_in(alford)
    gone, client = await alford.connect(), await alford.connect()
    gone.send(IAMAT)
    await ball.until(b"PING 1\n")
    gone.abort()
    await herd.until(lambda: alford.status()["connections"] == 1)
    client.send(report(b"moa"))
    await ball.until(b"PING 2\n")
    ball.say(b"PONG 2")
    assert await client.line() == answer(b"moa")
