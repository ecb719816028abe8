"""Who a neighbor is where links are `tcp:`, on real sockets: its proof says so, and only this time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve
from pytest_twisted import ensureDeferred

from herd.config.model import Links
from tests.server.linkparts import hello
from tests.server.standin import stand_in

if TYPE_CHECKING:
    from pathlib import Path

    from herd.testing import LocalServer
    from tests.server.conftest import RunningHerd

SECRET = b"a secret of more than sixteen bytes"


async def alford_with_a_secret(running_herd: RunningHerd, tmp_path: Path) -> LocalServer:
    """Start Alford alone, in a herd that has a secret."""
    herd = await running_herd("Alford-Ball")
    await herd["Ball"].kill()
    alford = herd["Alford"]
    await alford.stop()
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "secret").chmod(0o600)
    alford.config = evolve(alford.config, links=Links(secret_file=tmp_path / "secret"))
    alford.start()
    return alford


@ensureDeferred
async def test_a_handshake_that_somebody_overheard_is_of_no_use(
    running_herd: RunningHerd, tmp_path: Path
) -> None:
    alford = await alford_with_a_secret(running_herd, tmp_path)
    ball = await stand_in(alford, secret=SECRET, reconciles=False)
    assert alford.link("Ball")["state"] == "up"
    overheard = ball.said
    assert [line.split(b" ")[0] for line in overheard.splitlines()] == [b"HERD", b"PROOF"]
    await ball.client.close()
    replay = await alford.connect_to_links()
    replay.send(overheard + b"AT Ball +1.000000000 kiwi +1-1 1\n")
    assert [line.split(b" ")[0] for line in (await replay.rest()).splitlines()] in ([b"HERD"], [])
    await replay.lost()
    assert alford.link("Ball")["state"] != "up"
    assert alford.records == {}


@pytest.mark.parametrize(
    "said", [hello("Ball", version="0"), hello("Ball", version="2"), hello("Ball").replace(b" 1 ", b" ")]
)
@ensureDeferred
async def test_a_version_that_is_not_spoken_here_gets_nothing_but_a_close(
    running_herd: RunningHerd, tmp_path: Path, said: bytes
) -> None:
    alford = await alford_with_a_secret(running_herd, tmp_path)
    stranger = await alford.connect_to_links()
    stranger.send(said)
    assert await stranger.rest() == b""
    await stranger.lost()


@ensureDeferred
async def test_who_knows_no_secret_is_not_let_in_by_leaving_the_proof_out(
    running_herd: RunningHerd, tmp_path: Path
) -> None:
    alford = await alford_with_a_secret(running_herd, tmp_path)
    stranger = await alford.connect_to_links()
    stranger.send(hello("Ball"))
    await stranger.line()
    assert alford.link("Ball")["state"] != "up"
    stranger.send(b"AT Ball +1.000000000 kiwi +1-1 1\n")
    assert await stranger.rest() == b""
    await stranger.lost()
    assert alford.records == {}
