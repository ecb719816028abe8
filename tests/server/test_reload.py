"""Reading the configuration again: neighbors come and go, limits change, and no client notices."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from pytest_twisted import ensureDeferred
from twisted.internet.task import deferLater

from herd.config.model import Address, Config, Endpoint
from herd.core.errors import ConfigError
from herd.core.limits import Limits
from herd.testing import ReservedPorts, local_config
from herd.testing.processes import ProcessHerd
from tests.server.conftest import BOTH, SIMULATED
from tests.server.linkparts import hello

if TYPE_CHECKING:
    from pathlib import Path

    from herd.testing import LocalHerd, LocalServer
    from tests.server.conftest import RunningHerd


def with_neighbors(config: Config, **neighbors: str) -> Config:
    """Return a configuration in which servers have other neighbors, given as words."""
    return evolve(
        config,
        servers=tuple(
            evolve(server, neighbors=tuple(neighbors[server.name].split()))
            if server.name in neighbors
            else server
            for server in config.servers
        ),
    )


def reload_all(herd: LocalHerd, **neighbors: str) -> list[list[str]]:
    """Give the servers that are named other neighbors; return what each of these did."""
    done = []
    for server in herd.servers.values():
        server.config = with_neighbors(server.config, **neighbors)
        if server.name in neighbors:
            done.append(server.node.reload())
    return done


def state(server: LocalServer, neighbor: str) -> str:
    return str(server.link(neighbor)["state"])


@BOTH
@ensureDeferred
async def test_nothing_has_changed(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford-Ball")
    for _ in range(2):
        assert herd["Alford"].node.reload() == []
    assert state(herd["Alford"], "Ball") == "up"


@BOTH
@ensureDeferred
async def test_a_new_neighbor_is_linked_and_learns_everything_and_no_client_is_dropped(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball Welsh")
    client = await herd["Alford"].connect()
    client.send(b"IAMAT kiwi +1-1 1\n")
    record = (await client.line())[:-1]
    assert herd["Welsh"].records == {}
    assert reload_all(herd, Alford="Welsh Ball", Welsh="Alford") == [
        ["neighbors are now Ball, Welsh"],
        ["neighbors are now Alford"],
    ]
    await herd.until(lambda: herd["Welsh"].records == {b"kiwi": record})
    assert herd["Alford"].node.reload() == []  # though the file has them in another order
    client.send(b"IAMAT moa +1-1 1\n")
    moa = (await client.line())[:-1]
    await herd.until(lambda: all(server.records.get(b"moa") == moa for server in herd.alive))
    await client.close()


@BOTH
@ensureDeferred
async def test_a_neighbor_that_is_gone_gets_nothing_more_and_is_let_in_no_more(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball Alford-Welsh")
    alford = herd["Alford"]
    assert reload_all(herd, Alford="Welsh") == [["neighbors are now Welsh"]]
    assert [each["name"] for each in alford.status()["neighbors"]] == ["Welsh"]
    await herd.until(lambda: state(herd["Ball"], "Alford") != "up")
    await alford.say(b"IAMAT kiwi +1-1 1\n")
    await herd.until(lambda: b"kiwi" in herd["Welsh"].records)
    stranger = await alford.connect_to_links()
    stranger.send(hello("Ball"))
    assert await stranger.rest() == b""
    await stranger.lost()
    assert herd["Ball"].records == {}
    reload_all(herd, Alford="Welsh Ball")
    await herd.agree()
    assert b"kiwi" in herd["Ball"].records


@BOTH
@ensureDeferred
async def test_a_neighbor_that_goes_in_the_middle_of_its_handshake_is_refused(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball")
    alford = herd["Alford"]
    await herd["Ball"].kill()
    stranger = await alford.connect_to_links()
    stranger.send(hello("Ball")[:-1])
    links = alford.node.neighbors.connections
    await herd.until(lambda: any(link._handshake_rest for link in links.all()))
    reload_all(herd, Alford="")
    stranger.send(b"\n")
    await stranger.lost()
    assert alford.status()["neighbors"] == []


@SIMULATED
@ensureDeferred
async def test_who_is_idle_is_closed_by_the_limit_of_now(running_herd: RunningHerd, reactor: Any) -> None:
    alford = (await running_herd("Alford", idle_s=3600.0))["Alford"]
    client = await alford.connect()
    await deferLater(reactor, 60)
    alford.config = evolve(alford.config, limits=evolve(alford.config.limits, idle_s=60.0))
    assert alford.node.reload() == ["limits have changed"]
    began_s = reactor.seconds()
    assert await client.rest() == b"? idle for 60 s\n"
    assert reactor.seconds() - began_s < 2


@BOTH
@ensureDeferred
async def test_limits_change_for_what_is_there_and_what_comes(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford-Ball")
    alford = herd["Alford"]
    client = await alford.connect()
    client.send(b"IAMAT kiwi +1-1 1\nIAMAT moa +1-1 1\nIAMAT rhea +1-1 1\n")
    await client.until(b" rhea +1-1 1\n")
    alford.config = evolve(alford.config, limits=evolve(alford.config.limits, connections=1, clients_held=2))
    assert alford.node.reload() == ["limits have changed"]
    alford.node._sweep()
    assert list(alford.records) and len(alford.records) == 2  # noqa: PT018 - one claim
    second = await alford.connect()
    assert await second.rest() == b"? too many connections\n"
    client.send(b"x\n")
    assert await client.line() == b"? x\n"
    await client.close()
    await second.lost()


@BOTH
@ensureDeferred
async def test_a_bad_file_is_refused_whole(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford-Ball")
    alford = herd["Alford"]

    def bad() -> Config:
        raise ConfigError(["servers.Alford.neighbors: no such server: Bal", "limits.idle_s: no number"])

    alford.node._parts = evolve(alford.node._parts, read_again=bad)
    with pytest.raises(ConfigError):
        alford.node.reload()
    operator = await alford.connect_to_control()
    operator.send(b'{"command": "reload"}\n')
    answer = json.loads(await operator.line())
    assert answer["ok"] is False
    assert "no such server: Bal" in answer["error"]
    assert "limits.idle_s" in answer["error"]
    await operator.close()
    assert state(alford, "Ball") == "up"
    assert alford.node.clients.limits == alford.config.limits
    await alford.stop()
    assert alford.config.log_file("Alford").read_text().count("keeps its old configuration: ") == 2


@BOTH
@ensureDeferred
async def test_what_needs_a_restart_is_named_each_time_and_not_taken_on(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford-Ball")
    alford = herd["Alford"]
    alford.config = evolve(alford.config, durability="disk")
    for _ in range(2):
        assert alford.node.reload() == ["only after a restart: durability"]
    assert alford.status()["durability"] == "memory"
    assert await alford.say(b"x\n") == b"? x\n"


@BOTH
@ensureDeferred
async def test_links_that_become_tls_and_addresses_of_neighbors_wait_for_a_restart(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford-Ball")
    alford = herd["Alford"]

    def with_links(name: str, **changes: Any) -> Config:
        return evolve(
            alford.config,
            servers=tuple(
                evolve(server, links=evolve(server.links, **changes)) if name in (server.name, "") else server
                for server in alford.config.servers
            ),
        )

    before = alford.config
    alford.config = with_links("", scheme="tls")
    assert alford.node.reload() == ["only after a restart: links, addresses of neighbors"]
    alford.config = before
    alford.config = with_links("Ball", dial=Address("127.0.0.1", 9))
    assert alford.node.reload() == ["only after a restart: addresses of neighbors"]
    alford.config = before
    assert alford.node.reload() == []
    assert state(alford, "Ball") == "up"
    assert Endpoint(listen=Address("", 1), dial=Address("", 1)).scheme == "tcp"


@BOTH
@ensureDeferred
async def test_the_logging_of_lines_is_switched_while_the_server_runs(running_herd: RunningHerd) -> None:
    alford = (await running_herd("Alford"))["Alford"]
    alford.config = evolve(alford.config, logging=evolve(alford.config.logging, lines=False))
    assert alford.node.reload() == ["lines are not logged"]
    await alford.say(b"IAMAT quiet +1-1 1\n")
    alford.config = evolve(alford.config, logging=evolve(alford.config.logging, lines=True))
    assert alford.node.reload() == ["lines are logged"]
    await alford.say(b"IAMAT loud +1-1 1\n")
    await alford.stop()
    log = alford.config.log_file("Alford").read_text()
    assert "quiet" not in log
    assert "got IAMAT loud +1-1 1\n" in log


def wait_for(path: Path, text: str, count: int = 1) -> None:
    deadline_s = time.monotonic() + 10
    while path.read_text().count(text) < count:
        assert time.monotonic() < deadline_s, path.read_text()
        time.sleep(0.01)


def test_sighup_has_a_process_read_its_file_again(tmp_path: Path) -> None:
    with ReservedPorts() as ports:
        config = local_config("Alford", tmp_path, iter(ports), Limits())
    with ProcessHerd(config) as herd:
        file, log = herd.directory / "herd.toml", herd.config.log_file("Alford")
        address = herd.address("Alford")
        good = file.read_text()
        with socket.create_connection((address.host, address.port), 10) as client:
            stream = client.makefile("rb")
            assert "[limits]\n" not in good
            file.write_text(f"{good}\n[limits]\nconnections = 1\n")
            os.kill(herd.pid("Alford"), signal.SIGHUP)
            wait_for(log, "read its configuration again: limits have changed\n")
            with socket.create_connection((address.host, address.port), 10) as second:
                assert second.makefile("rb").readline() == b"? too many connections\n"
            file.write_text(f"{good}\n[limits]\nconnections = 'many'\n")
            os.kill(herd.pid("Alford"), signal.SIGHUP)
            wait_for(log, "keeps its old configuration: ")
            client.sendall(b"x\n")
            assert stream.readline() == b"? x\n"
