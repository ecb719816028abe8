"""A closed connection is freed at once: nothing waits for the garbage collector, which is off here."""

from __future__ import annotations

import gc
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from weakref import ref

import pytest
import trustme
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as global_reactor
from twisted.internet import tcp
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.protocol import Factory
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from twisted.internet.task import deferLater
from twisted.protocols.tls import TLSMemoryBIOFactory

from herd.core.answers import AnswerQueue, Slot
from herd.core.wire import CommandParser
from herd.server.clients import ClientConnection, ClientFactory
from herd.server.tls import CertificateFiles, Certificates
from herd.testing import Client, connect
from tests.server.parts import AT, IAMAT, ClientSide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from weakref import ReferenceType

reactor: Any = global_reactor

BATCH, BATCHES = 50, 20
WHATSAT = b"WHATSAT kiwi 10 5\n"
OURS = (ClientConnection, tcp.Server, CommandParser, AnswerQueue, Slot)


@contextmanager
def no_garbage_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def alive() -> Counter[str]:
    """Count what lives of a connection's parts."""
    return Counter(type(each).__name__ for each in gc.get_objects() if type(each) in OURS)


async def until_empty(alford: ClientSide) -> None:
    """Give the reactor turns until the server has lost all its clients."""
    for _ in range(2000):
        if not len(alford.connections):
            return
        await deferLater(reactor, 0)
    raise AssertionError(f"{len(alford.connections)} connections stay open")


async def come_and_go(alford: ClientSide, port: int) -> list[ReferenceType[Any]]:
    """Make fifty connections that end in five ways; return references to the server's side of them."""
    clients: list[Client] = await gatherResults(
        [Deferred.fromCoroutine(connect(reactor, port)) for _ in range(BATCH)]
    )
    closing, ending, waiting, breaking, refused = (clients[each::5] for each in range(5))
    for client in clients:
        client.send(IAMAT)
    assert await gatherResults([client.line() for client in clients]) == [AT] * BATCH
    connections = alford.connections.all()
    assert len(connections) == BATCH
    traces = [ref(each) for connection in connections for each in (connection, connection.transport)]
    del connections
    for client in waiting + breaking:
        client.send(WHATSAT)
    for client in refused:
        client.send(b"x" * 5000)
        await client.until(b"? line over 4096 bytes\n")
    for client in waiting + ending:
        client.end()
    while len(alford.places.asked) < len(waiting + breaking):
        await deferLater(reactor, 0)
    for client in breaking:
        client.abort()
    await gatherResults([client.close() for client in closing])
    for asked in alford.places.asked:
        asked.answer("Powell Library")
    alford.places.asked.clear()
    answers = await gatherResults([client.rest() for client in waiting + ending])
    assert [answer.startswith(AT + b"{") for answer in answers] == [True] * 10 + [False] * 10
    return traces


@ensureDeferred
async def test_a_thousand_connections_come_and_go_and_nothing_of_them_stays() -> None:
    alford = ClientSide()
    port = reactor.listenTCP(0, ClientFactory(alford.context), interface="127.0.0.1")
    await come_and_go(alford, port.getHost().port)
    await until_empty(alford)
    alford.turn()
    with no_garbage_collector():
        before = alive()
        for _ in range(BATCHES):
            traces = await come_and_go(alford, port.getHost().port)
            await until_empty(alford)
            assert [trace() for trace in traces if trace() is not None] == []
        alford.turn()
        assert alive() == before
        assert not alford.timers
    await port.stopListening()


@ensureDeferred
async def test_refused_connections_that_are_cut_off_leave_nothing_either() -> None:
    alford = ClientSide(line_bytes=256)
    port = reactor.listenTCP(0, ClientFactory(alford.context), interface="127.0.0.1")
    with no_garbage_collector():
        before = alive()
        client = await connect(reactor, port.getHost().port)
        client.readConnectionLost = lambda: None  # type: ignore[method-assign]  # it stays
        client.send(b"x" * 300)
        await client.until(b"\n")
        (trace,) = [ref(connection) for connection in alford.connections.all()]
        while not alford.timers:
            await deferLater(reactor, 0)
        alford.clock.advance(2)
        await until_empty(alford)
        alford.turn()
        assert trace() is None
        assert alive() == before
        assert not alford.timers
    client.abort()
    await client.lost()
    await port.stopListening()


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")
@pytest.mark.parametrize("how", ["closed", "refused", "cut off"])
@ensureDeferred
async def test_a_connection_over_tls_is_freed_at_once_too(tmp_path: Path, how: str) -> None:
    alford, authority = ClientSide(), trustme.CA()
    port = reactor.listenTCP(0, over_tls(alford, authority, tmp_path), interface="127.0.0.1")
    client = Client(reactor)
    trust = trustRootFromCertificates([Certificate.loadPEM(authority.cert_pem.bytes())])
    plain = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    endpoint = wrapClientTLS(optionsForClientTLS("localhost", trust), plain)
    await endpoint.connect(Factory.forProtocol(lambda: client))
    with no_garbage_collector():
        client.send(IAMAT)
        assert await client.line() == AT
        trace = ref(alford.connections.all()[0])
        if how == "closed":
            await client.close()
        elif how == "refused":
            client.send(b"x" * 5000)
            assert await client.rest() == b"? line over 4096 bytes\n"
        else:
            client.abort()
        await until_empty(alford)
        await deferLater(reactor, 0)
        assert trace() is None
    await client.lost()
    await maybeDeferred(port.stopListening)


def over_tls(alford: ClientSide, authority: trustme.CA, directory: Path) -> TLSMemoryBIOFactory:
    """Return the factory of Alford's clients over TLS."""
    issued = authority.issue_cert("localhost")
    files = CertificateFiles(directory / "Alford.pem", directory / "Alford.key")
    issued.cert_chain_pems[0].write_to_path(files.certificate)
    issued.private_key_pem.write_to_path(files.key)
    factory = ClientFactory(alford.context)
    return TLSMemoryBIOFactory(Certificates(files, print), False, factory)  # noqa: FBT003 - Twisted's


def test_a_connection_is_held_by_nobody_but_its_transport() -> None:
    alford = ClientSide()
    with no_garbage_collector():
        client = alford.connect(IAMAT + WHATSAT)
        trace = ref(alford.connections.all()[0])
        alford.places.asked[0].answer("A")
        client.lose()
        assert len(alford.connections) == 0
        assert trace() is None


def test_a_question_that_waits_holds_its_connection_no_longer_than_it_waits() -> None:
    alford = ClientSide()
    with no_garbage_collector():
        client = alford.connect(IAMAT + WHATSAT)
        trace = ref(alford.connections.all()[0])
        client.lose()
        alford.clock.advance(alford.limits.places_timeout_s)
        alford.places.asked.clear()
        assert trace() is None
