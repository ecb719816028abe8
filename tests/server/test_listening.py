"""Listening and dialing: what address makes which endpoint, and why a server cannot listen."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, TCP6ClientEndpoint
from twisted.internet.protocol import Factory, Protocol

from herd.config.model import Address
from herd.server.listening import StartError, client_endpoint, listen, server_endpoint
from herd.server.transport import QuickClient, QuickServer
from herd.server.turns import is_epoll

if TYPE_CHECKING:
    from twisted.internet.interfaces import IListeningPort

reactor: Any = global_reactor


def listen_at(host: str, port: int = 0) -> IListeningPort:
    address = Address(host, port)
    return listen(server_endpoint(reactor, address), Factory.forProtocol(Protocol), address, "Alford")


async def close(port: IListeningPort) -> None:
    await maybeDeferred(port.stopListening)


def number_of(port: IListeningPort) -> int:
    address: Any = port.getHost()
    return int(address.port)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
@ensureDeferred
async def test_a_server_listens_where_it_is_told_to(host: str) -> None:
    port = listen_at(host)
    with socket.create_connection((host, number_of(port))):
        pass
    await close(port)


@pytest.mark.parametrize(
    ("host", "kind"),
    [("127.0.0.1", TCP4ClientEndpoint), ("::1", TCP6ClientEndpoint), ("ball.example", HostnameEndpoint)],
)
def test_only_a_name_is_looked_up(host: str, kind: type) -> None:
    assert type(client_endpoint(reactor, Address(host, 12480), 5)) is kind


@ensureDeferred
async def test_a_port_in_use_is_an_error_at_once_that_says_who_and_where() -> None:
    port = listen_at("127.0.0.1")
    number = number_of(port)
    with pytest.raises(StartError) as caught:
        listen_at("127.0.0.1", number)
    assert str(caught.value) == f"Alford cannot listen on 127.0.0.1:{number}: Address already in use"
    await close(port)


def test_an_address_that_is_not_this_machines_is_an_error_too() -> None:
    with pytest.raises(StartError) as caught:
        listen_at("192.0.2.1", 12480)
    assert str(caught.value) == "Alford cannot listen on 192.0.2.1:12480: Cannot assign requested address"
    with pytest.raises(StartError, match=r"^Alford cannot listen on no\.such\.host\.invalid:12480: "):
        listen_at("no.such.host.invalid", 12480)


def test_an_endpoint_that_takes_its_time_is_refused() -> None:
    class Slow:
        def listen(self, _factory: object) -> Deferred[IListeningPort]:
            return Deferred()

    slow: Any = Slow()
    with pytest.raises(StartError) as caught:
        listen(slow, Factory(), Address("127.0.0.1", 1), "Alford")
    assert str(caught.value) == "Alford cannot listen on 127.0.0.1:1: the endpoint did not bind at once"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
@ensureDeferred
async def test_connections_on_an_epoll_reactor_send_at_once_at_both_ends(host: str) -> None:
    accepted: Deferred[Any] = Deferred()

    class Acceptor(Protocol):
        def connectionMade(self) -> None:
            accepted.callback(self.transport)

    address = Address(host, 0)
    port = listen(server_endpoint(reactor, address), Factory.forProtocol(Acceptor), address, "Alford")
    dialing = client_endpoint(reactor, Address(host, number_of(port)), 5)
    dialer: Any = await dialing.connect(Factory.forProtocol(Protocol))
    is_quick = isinstance(dialer.transport, QuickClient), isinstance(await accepted, QuickServer)
    assert is_quick == (is_epoll(reactor), is_epoll(reactor))
    dialer.transport.loseConnection()
    await close(port)


@ensureDeferred
async def test_connections_on_a_reactor_that_is_not_known_well_are_its_own() -> None:
    asked: list[int] = []

    class Other:
        def listenTCP(self, port: int, *_: object, **__: object) -> None:  # noqa: N802 - Twisted's name
            asked.append(port)

    other: Any = Other()
    await server_endpoint(other, Address("127.0.0.1", 12480)).listen(Factory())
    assert asked == [12480]
