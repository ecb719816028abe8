"""A whole server: how it starts, or says why not, and how it stops, in order and in bounded time."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from herd.places.finder import Finder
from herd.server.build import build_node
from herd.server.listening import StartError
from herd.server.world import World
from herd.testing import HeldPlaces, ReservedPorts, connect, local_config
from herd.testing.client import PATIENCE_S
from tests.server.conftest import BOTH, SIMULATED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from herd.config.model import Config
    from herd.server.node import Node
    from herd.testing import LocalServer
    from tests.server.conftest import RunningHerd

IAMAT = b"IAMAT kiwi +34.068930-118.445127 1479413884.392014450\n"
WHATSAT = b"WHATSAT kiwi 10 5\n"


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Config]:
    with ReservedPorts() as ports:
        yield local_config("Alford", tmp_path, ports)


def build(config: Config) -> Node:
    world = World(global_reactor, time.time_ns, random.Random(0))
    return build_node(config, "Alford", world, Finder(HeldPlaces("A"), global_reactor, 5))


async def seconds_of(stopping: Deferred[None], reactor: Any = global_reactor) -> float:
    started_s = reactor.seconds()
    await stopping.addTimeout(PATIENCE_S, reactor)
    return float(reactor.seconds() - started_s)


async def hold_a_whatsat(server: LocalServer, reactor: Any) -> Any:
    """Restart a server with places that do not answer; return a client who waits for them."""
    await server.stop()
    server.places = HeldPlaces()
    server.start()
    client = await server.connect()
    client.send(IAMAT + WHATSAT)
    await client.line()
    while not server.places.asked:
        await deferLater(reactor, 0)
    return client


@ensureDeferred
async def test_a_server_that_has_started_listens_on_all_three_sockets(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford")
    clients = [
        await herd["Alford"].connect(),
        await herd["Alford"].connect_to_links(),
        await herd["Alford"].connect_to_control(),
    ]
    assert herd["Alford"].node.running
    for client in clients:
        await client.close()


@pytest.mark.parametrize("kind", ["clients", "links"])
@ensureDeferred
async def test_a_port_in_use_stops_the_start_and_leaves_nothing_open(
    config: Config, kind: str, reactor: Any
) -> None:
    other = build(config)
    other.startService()
    address = getattr(config.server("Alford"), kind).listen
    with ReservedPorts() as ports:
        elsewhere = local_config("Alford", config.state / "elsewhere", ports).server("Alford")
        changed = evolve(elsewhere, **{kind: getattr(config.server("Alford"), kind)})
        node = build(evolve(config, servers=(changed,), state=config.state / "elsewhere"))
        with pytest.raises(StartError) as caught:
            node.privilegedStartService()
        assert str(caught.value) == f"Alford cannot listen on {address}: Address already in use"
        await deferLater(reactor, 0)
        retry = build(evolve(config, servers=(elsewhere,), state=config.state / "again"))
        retry.startService()
        await retry.stopService()
        await node.stopService()
    await other.stopService()


@ensureDeferred
async def test_one_server_cannot_run_twice(config: Config, reactor: Any) -> None:
    node = build(config)
    node.startService()
    with ReservedPorts() as ports:
        moved = local_config("Alford", config.state, ports)
        second = build(moved)
        with pytest.raises(StartError) as caught:
            second.startService()
        assert str(caught.value) == (
            f"another server already answers on the control socket {config.state}/Alford.sock"
        )
        client = await connect(reactor, config.server("Alford").clients.dial.port)
        client.send(IAMAT)
        assert (await client.line()).startswith(b"AT Alford +")
        await client.close()
        await second.stopService()
    await node.stopService()


@ensureDeferred
async def test_a_stopped_server_has_let_go_of_everything(config: Config, reactor: Any) -> None:
    started = (len(reactor.getReaders()), len(reactor.getDelayedCalls()))
    node = build(config)
    node.startService()
    client = await connect(reactor, config.server("Alford").clients.dial.port)
    client.send(IAMAT)
    await client.line()
    host = client.transport.getHost()
    assert await seconds_of(node.stopService()) < 0.5
    await client.lost()
    await deferLater(reactor, 0)
    assert (len(reactor.getReaders()), len(reactor.getDelayedCalls())) == started
    assert not config.control_socket("Alford").exists()
    log = config.log_file("Alford").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in log[-2:]] == [
        f"client {host.host}:{host.port} closed Connection was closed cleanly.",
        "server Alford note stopped",
    ]


@BOTH
@ensureDeferred
async def test_what_is_in_flight_is_answered_before_the_end(running_herd: RunningHerd, reactor: Any) -> None:
    server = (await running_herd("Alford"))["Alford"]
    client = await hold_a_whatsat(server, reactor)
    stopping = seconds_of(Deferred.fromCoroutine(server.stop()), reactor)
    stopped = Deferred.fromCoroutine(stopping)
    await deferLater(reactor, 0.01)
    assert not stopped.called
    server.places.asked[0].answer("Powell Library")
    assert b'"Powell Library"' in await client.rest()
    assert await stopped < 0.5
    assert server.places.is_closed


@SIMULATED
@ensureDeferred
async def test_places_that_never_answer_hold_the_end_up_no_longer_than_is_allowed(
    running_herd: RunningHerd, reactor: Any
) -> None:
    server = (await running_herd("Alford", shutdown_s=4.0))["Alford"]
    client = await hold_a_whatsat(server, reactor)
    assert await seconds_of(Deferred.fromCoroutine(server.stop()), reactor) == pytest.approx(4, abs=0.01)
    answer = await client.rest()
    assert answer.startswith(b"AT Alford +")
    assert b'"status" : "UNKNOWN_ERROR"' in answer
    assert answer.endswith(b"}\n\n")
    assert server.places.asked[0].is_withdrawn


@SIMULATED
@ensureDeferred
async def test_a_client_that_does_not_read_is_cut_off_at_the_end(
    running_herd: RunningHerd, reactor: Any
) -> None:
    server = (await running_herd("Alford", shutdown_s=2.0))["Alford"]
    client = await server.connect()
    client.transport.pauseProducing()
    client.send(b"x\n")
    while not server.node.clients.connections.all():
        await deferLater(reactor, 0)
    (connection,) = server.node.clients.connections.all()
    client.send((b"x" * 1000 + b"\n") * 2000)
    while not connection._is_output_full:
        await deferLater(reactor, 0.01)  # for the length of a turn it is full before that
    # The time that is allowed, and a second of grace to take the answers.
    assert await seconds_of(Deferred.fromCoroutine(server.stop()), reactor) == pytest.approx(3, abs=0.01)
    client.transport.resumeProducing()
    await client.lost()


@SIMULATED
@ensureDeferred
async def test_places_that_do_not_close_hold_nothing_up_for_long(
    running_herd: RunningHerd, reactor: Any
) -> None:
    class Stuck(HeldPlaces):
        def close(self) -> Deferred[None]:
            return Deferred()

    server = (await running_herd("Alford"))["Alford"]
    await server.stop()
    server.places = Stuck("A")
    server.start()
    assert await seconds_of(Deferred.fromCoroutine(server.stop()), reactor) == pytest.approx(1, abs=0.01)
    assert (
        "note the places provider did not close: it took too long\n"
        in server.config.log_file("Alford").read_text()
    )


@BOTH
@ensureDeferred
async def test_a_stranger_who_says_nothing_does_not_hold_up_the_end(
    running_herd: RunningHerd, reactor: Any
) -> None:
    server = (await running_herd("Alford-Ball"))["Alford"]
    stranger = await server.connect_to_links()
    while len(server.node.neighbors.connections) < 2:
        await deferLater(reactor, 0)
    assert await seconds_of(Deferred.fromCoroutine(server.stop()), reactor) < 0.5
    await stranger.lost()


@SIMULATED
@ensureDeferred
async def test_expired_records_are_swept_out(running_herd: RunningHerd, reactor: Any) -> None:
    alford = (await running_herd("Alford", record_lifetime_s=10.0))["Alford"]
    began_s = reactor.seconds()
    await alford.say(b"".join(b"IAMAT bird%d +1-1 1\n" % number for number in range(5000)))
    await deferLater(reactor, began_s + 10 - reactor.seconds())
    assert alford.status()["records"] == 5000
    await deferLater(reactor, 1.01)
    assert alford.status()["records"] == 0
