"""Whole herds, simulated and real: records reach everyone, servers die and return, and the rest goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_twisted import ensureDeferred

from tests.server.conftest import BOTH

if TYPE_CHECKING:
    from herd.testing import LocalServer
    from tests.server.conftest import RunningHerd

pytestmark = BOTH

FIVE = "Alford-Hamilton Alford-Welsh Ball-Holiday Ball-Welsh Hamilton-Holiday"


def iamat(client_id: bytes, second: int = 1) -> bytes:
    return b"IAMAT %b +34.068930-118.445127 %d.5\n" % (client_id, second)


async def tell(server: LocalServer, client_id: bytes, second: int = 1) -> bytes:
    """Report a position; return the AT line, which is the record."""
    answer = await server.say(iamat(client_id, second))
    assert answer.endswith(b" %b +34.068930-118.445127 %d.5\n" % (client_id, second))
    return answer[:-1]


@ensureDeferred
async def test_what_one_server_was_told_all_of_them_know(running_herd: RunningHerd) -> None:
    herd = await running_herd(FIVE)
    records = {name.encode(): await tell(herd[name], name.encode()) for name in herd.servers}
    await herd.until(lambda: len(herd["Ball"].records) == 5)
    await herd.agree()
    assert herd["Holiday"].records == records
    answer = await herd["Welsh"].say(b"WHATSAT Alford 10 5\n")
    assert answer.startswith(records[b"Alford"] + b"\n{")
    assert answer.endswith(b"}\n\n")


@pytest.mark.parametrize("victim", ["Alford", "Ball", "Hamilton", "Holiday", "Welsh"])
@ensureDeferred
async def test_whichever_server_dies_the_others_go_on_and_it_learns_what_it_missed(
    running_herd: RunningHerd, victim: str
) -> None:
    herd = await running_herd(FIVE)
    await tell(herd[victim], b"early")
    await herd.until(lambda: all(b"early" in server.records for server in herd.alive))
    await herd[victim].kill()
    late = {b"%d" % number: await tell(server, b"%d" % number) for number, server in enumerate(herd.alive)}
    await herd.agree()
    await herd.until(lambda: all(len(server.records) == 5 for server in herd.alive))
    herd[victim].start()
    await herd.agree()
    assert late.items() < herd[victim].records.items()
    assert len(herd[victim].records) == 5


@ensureDeferred
async def test_two_halves_that_were_apart_agree_when_the_server_between_them_returns(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball Ball-Welsh")
    await herd["Ball"].kill()
    older = await tell(herd["Alford"], b"kiwi", 1)
    newer = await tell(herd["Welsh"], b"kiwi", 2)
    alone = await tell(herd["Alford"], b"moa", 1)
    assert herd["Alford"].records == {b"kiwi": older, b"moa": alone}
    herd["Ball"].start()
    await herd.agree()
    assert herd["Alford"].records == herd["Ball"].records == {b"kiwi": newer, b"moa": alone}


@ensureDeferred
async def test_a_server_that_was_stopped_in_order_is_back_in_the_herd_when_started_again(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball")
    await herd["Ball"].stop()
    await herd.until(lambda: herd["Alford"].link("Ball")["state"] != "up")
    record = await tell(herd["Alford"], b"kiwi")
    herd["Ball"].start()
    await herd.agree()
    assert herd["Ball"].records == {b"kiwi": record}


@ensureDeferred
async def test_what_a_server_was_told_just_before_it_stops_reaches_its_neighbors(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball")
    client = await herd["Alford"].connect()
    client.send(b"".join(iamat(b"client%d" % number) for number in range(3000)))
    await client.until(b" client2999 +34.068930-118.445127 1.5\n")
    await herd["Alford"].stop()
    await client.lost()
    await herd.until(lambda: len(herd["Ball"].records) == 3000)
