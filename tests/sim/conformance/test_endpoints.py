"""Endpoints: made of parts and of texts, what they give back, and how they fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.endpoints import (
    HostnameEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    clientFromString,
    connectProtocol,
    serverFromString,
)
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory

from tests.sim.conformance.ground import HOME, port_number
from tests.sim.conformance.peers import HalfPeer, Listener, Peer, Single, all_lost
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from tests.sim.conformance.ground import Ground


async def listening(ground: Ground, listening_: Deferred[Any]) -> int:
    """Return the number of the port that an endpoint listens on."""
    port = await listening_
    ground.at_the_end(port.stopListening)
    return port_number(port)


@conforms(
    server=["made", b"hello", "lost ConnectionDone"],
    client=["made", "fires Peer", "lost ConnectionDone"],
    listener=["IListeningPort"],
)
async def test_endpoints_listen_and_connect(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    port = await TCP4ServerEndpoint(ground.reactor, 0, interface=HOME).listen(Single(server))
    ground.at_the_end(port.stopListening)
    if IListeningPort.providedBy(port):
        ground.note("listener", "IListeningPort")
    endpoint = TCP4ClientEndpoint(ground.reactor, HOME, port_number(port))
    assert await ground.outcome("client", endpoint.connect(Single(client))) is client
    client.transport.write(b"hello")
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(server=["made"], client=["made"])
async def test_endpoints_of_texts(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    number = await listening(
        ground, serverFromString(ground.reactor, "tcp:0:interface=127.0.0.1").listen(Single(server))
    )
    endpoint = clientFromString(ground.reactor, f"tcp:host=127.0.0.1:port={number}:timeout=5")
    await endpoint.connect(Single(client))
    await server.made()


@conforms(server=["made", b"unix"], client=["made"])
async def test_unix_endpoints_of_texts(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    path = ground.directory / "socket"
    port = await serverFromString(ground.reactor, f"unix:{path}:lockfile=0").listen(Single(server))
    ground.at_the_end(port.stopListening)
    await clientFromString(ground.reactor, f"unix:path={path}").connect(Single(client))
    client.transport.write(b"unix")
    await server.hears(4)


@conforms(client=["fails ConnectionRefusedError"])
async def test_an_endpoint_is_refused(ground: Ground) -> None:
    endpoint = TCP4ClientEndpoint(ground.reactor, HOME, ground.free_port())
    await ground.outcome("client", endpoint.connect(Single(None)))


@conforms(client=["fails TimeoutError"])
async def test_an_endpoint_gives_up(ground: Ground) -> None:
    endpoint = TCP4ClientEndpoint(ground.reactor, *ground.silent_address(), timeout=0.02)
    await ground.outcome("client", endpoint.connect(Single(None)))


@conforms(client=["fails ConnectingCancelledError"])
async def test_a_dial_is_cancelled(ground: Ground) -> None:
    dialing = TCP4ClientEndpoint(ground.reactor, *ground.silent_address()).connect(Single(None))
    ground.reactor.callLater(0.001, dialing.cancel)
    await ground.outcome("client", dialing)


@conforms(client=["fails ConnectingCancelledError"])
async def test_a_dial_is_cancelled_before_it_has_begun(ground: Ground) -> None:
    port = ground.listen(Single(None))
    dialing = TCP4ClientEndpoint(ground.reactor, HOME, port_number(port)).connect(Single(None))
    dialing.cancel()
    await ground.outcome("client", dialing)
    await ground.moment()


@conforms(client=["fails NoProtocol"], server=["made", "lost ConnectionDone"])
async def test_a_dial_for_nobody(ground: Ground) -> None:
    listener = Listener(ground)
    endpoint = TCP4ClientEndpoint(ground.reactor, HOME, port_number(ground.listen(listener)))
    await ground.outcome("client", endpoint.connect(Single(None)))
    await ground.until_noted("server", 2)


class Broken(Factory):
    noisy = False

    def buildProtocol(self, addr: Any) -> Any:
        raise ZeroDivisionError


@conforms(client=["fails ZeroDivisionError"], server=["made", "lost ConnectionDone"])
async def test_a_dial_whose_factory_fails(ground: Ground) -> None:
    endpoint = TCP4ClientEndpoint(ground.reactor, HOME, port_number(ground.listen(Listener(ground))))
    await ground.outcome("client", endpoint.connect(Broken()))
    await ground.until_noted("server", 2)


@conforms(client=["made", "fires Peer"], server=["made"])
async def test_a_protocol_is_connected(ground: Ground) -> None:
    listener, client = Listener(ground), Peer(ground, "client")
    endpoint = TCP4ClientEndpoint(ground.reactor, HOME, port_number(ground.listen(listener)))
    await ground.outcome("client", connectProtocol(endpoint, client))
    await ground.until_noted("server", 1)


@conforms(client=["made", "write lost", "read lost"], server=["made", "read lost", "write lost"])
async def test_endpoints_pass_half_closes_on(ground: Ground) -> None:
    server, client = HalfPeer(ground, "server"), HalfPeer(ground, "client")
    number = await listening(
        ground, TCP4ServerEndpoint(ground.reactor, 0, interface=HOME).listen(Single(server))
    )
    await TCP4ClientEndpoint(ground.reactor, HOME, number).connect(Single(client))
    client.transport.loseWriteConnection()
    await ground.until_noted("server", 2)
    server.transport.loseWriteConnection()
    await ground.until_noted("client", 3)
    await ground.until_noted("server", 3)


@conforms(
    literal=["made", "fires Peer"],
    name=["made", "fires Peer"],
    server=["made"],
    **{"server 2": ["made"]},
)
async def test_hosts_are_dialed_by_name_and_by_address(ground: Ground) -> None:
    listener = Listener(ground)
    number = port_number(ground.listen(listener))
    for who, host in (("literal", "127.0.0.1"), ("name", "localhost")):
        endpoint = HostnameEndpoint(ground.reactor, host, number)
        await ground.outcome(who, endpoint.connect(Single(Peer(ground, who))))
    await ground.until(lambda: len(listener.built) == 2 and listener.built[1].is_made)


@conforms(
    unknown=["fails DNSLookupError"],
    refused=["fails ConnectionRefusedError"],
    literal=["fails ConnectionRefusedError"],
    silent=["fails TimeoutError"],
)
async def test_hosts_that_are_not_reached(ground: Ground) -> None:
    number = ground.free_port()
    for who, host in (("unknown", "nowhere.invalid"), ("refused", "localhost"), ("literal", HOME)):
        await ground.outcome(who, HostnameEndpoint(ground.reactor, host, number).connect(Single(None)))
    endpoint = HostnameEndpoint(ground.reactor, *ground.silent_address(), timeout=0.02)
    await ground.outcome("silent", endpoint.connect(Single(None)))


@conforms(second=["fails CannotListenError"])
async def test_an_endpoint_that_is_taken(ground: Ground) -> None:
    number = port_number(ground.listen(Single(None)))
    endpoint = TCP4ServerEndpoint(ground.reactor, number, interface=HOME)
    await ground.outcome("second", endpoint.listen(Single(None)))


@conforms(server=["made", "lost ConnectionDone"], client=["made", "lost ConnectionDone"], service=["stopped"])
async def test_a_service_listens_until_it_is_stopped(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    number = ground.free_port()
    endpoint = TCP4ServerEndpoint(ground.reactor, number, interface=HOME)
    service = StreamServerEndpointService(endpoint, Single(server))
    service.startService()
    await TCP4ClientEndpoint(ground.reactor, HOME, number).connect(Single(client))
    await server.made()
    await service.stopService()
    ground.note("service", "stopped")
    server.transport.loseConnection()
    await all_lost(ground, server, client)
