"""TLS: over simulated and real streams alike, from the first byte and from the middle of a conversation."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from twisted.internet.endpoints import SSL4ServerEndpoint, TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IHandshakeListener, IReactorSSL, ISSLTransport
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    optionsForClientTLS,
    trustRootFromCertificates,
)
from zope.interface import implementer
from zope.interface.verify import verifyObject

from herd.sim.herds.certificates import write_certificates
from tests.sim.conformance.ground import HOME, in_short, port_number
from tests.sim.conformance.peers import Peer, Single, all_lost, pair
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground

MANY = b"0123456789abcdef" * 65_536
NAME = "server"


@cache
def files() -> dict[str, bytes]:
    """The texts of certificates and keys, by file name; `other` are of another authority."""
    directory = Path(tempfile.mkdtemp(prefix="herd-"))
    try:
        write_certificates(directory / "tls", [NAME, "client"])
        return {path.name: path.read_bytes() for path in (directory / "tls").iterdir()}
    finally:
        shutil.rmtree(directory)


def authority() -> Any:
    return trustRootFromCertificates([Certificate.loadPEM(files()["ca.pem"])])


def certified(name: str, **options: Any) -> Any:
    """Return the options of somebody who shows a certificate."""
    certificate: Any = load_pem_x509_certificate(files()[f"{name}.pem"])
    key: Any = load_pem_private_key(files()[f"{name}.key"], None)
    return CertificateOptions(certificate=certificate, privateKey=key, **options)


@implementer(IHandshakeListener)
class Shaking(Peer):
    """Notes the end of the handshake too."""

    def handshakeCompleted(self) -> None:
        self.note("handshake")


async def secure_pair(
    ground: Ground, server_options: Any = None, client_options: Any = None, kind: Any = Shaking
) -> tuple[Any, Any]:
    """Return two peers that are connected by TLS; they may fail yet."""
    server, client = kind(ground, "server"), kind(ground, "client")
    port = await SSL4ServerEndpoint(
        ground.reactor, 0, server_options or certified("server"), interface=HOME
    ).listen(Single(server))
    ground.at_the_end(port.stopListening)
    wrapped = wrapClientTLS(
        client_options or optionsForClientTLS(NAME, trustRoot=authority()),
        TCP4ClientEndpoint(ground.reactor, HOME, port_number(port)),
    )
    await wrapped.connect(Single(client))
    return server, client


@conforms(
    server=["made", "handshake", b"question", "lost ConnectionDone"],
    client=["made", "handshake", b"answer", "lost ConnectionDone"],
)
async def test_the_dialer_closes(ground: Ground) -> None:
    server, client = await secure_pair(ground)
    client.transport.write(b"question")
    await server.hears(8)
    server.transport.write(b"answer")
    await client.hears(6)
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    server=["made", "handshake", "lost ConnectionDone"], client=["made", "handshake", "lost ConnectionDone"]
)
async def test_the_acceptor_closes(ground: Ground) -> None:
    server, client = await secure_pair(ground)
    await ground.until_noted("server", 2)
    await ground.until_noted("client", 2)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    server=["made", "handshake", "lost ConnectionLost"],
    client=["made", "handshake", "lost ConnectionLost"],
)
async def test_the_acceptor_aborts(ground: Ground) -> None:
    server, client = await secure_pair(ground)
    await ground.until_noted("server", 2)
    await ground.until_noted("client", 2)
    server.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(
    server=["made", "handshake", "lost ConnectionDone"],
    client=["made", "handshake", in_short(MANY), "lost ConnectionDone"],
)
async def test_a_close_waits_for_what_is_written(ground: Ground) -> None:
    server, client = await secure_pair(ground)
    await ground.until_noted("server", 2)
    await ground.until_noted("client", 2)
    server.transport.write(MANY)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(server=["made", "handshake", b"early"], client=["made", "handshake", b"early too"])
async def test_writes_wait_for_the_handshake(ground: Ground) -> None:
    server, client = await secure_pair(ground)
    client.transport.write(b"early")
    await server.made()
    server.transport.write(b"early too")
    await server.hears(5)
    await client.hears(9)


@conforms(server=["made", "handshake", in_short(MANY)], client=["made", "handshake", in_short(MANY[::-1])])
async def test_much_goes_both_ways_at_once(ground: Ground) -> None:
    server, client = await secure_pair(ground)
    await ground.until_noted("server", 2)
    client.transport.write(MANY)
    server.transport.write(MANY[::-1])
    await server.hears(len(MANY))
    await client.hears(len(MANY))


@conforms(server=["made", "lost Error"], client=["made", "lost Error"])
async def test_a_dialer_that_does_not_trust(ground: Ground) -> None:
    server, client = await secure_pair(ground, client_options=optionsForClientTLS(NAME))
    await all_lost(ground, server, client)


@conforms(server=["made", "lost ConnectionLost"], client=["made", "lost VerificationError"])
async def test_a_name_that_is_not_in_the_certificate(ground: Ground) -> None:
    options = optionsForClientTLS("elsewhere", trustRoot=authority())
    server, client = await secure_pair(ground, client_options=options)
    await all_lost(ground, server, client)


@conforms(
    server=["made", "handshake", "CN=client", "lost ConnectionDone"],
    client=["made", "handshake", "CN=server", "lost ConnectionDone"],
)
async def test_both_show_who_they_are(ground: Ground) -> None:
    server, client = await secure_pair(
        ground, certified("server", trustRoot=authority()), certified("client", trustRoot=authority())
    )
    for peer in (server, client):
        await ground.until_noted(peer.name, 2)
        shown = peer.transport.getPeerCertificate().to_cryptography()
        peer.note(shown.subject.rfc4514_string())
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(server=["made", "lost Error"], client=["made", "handshake", "lost Error"])
async def test_a_dialer_that_does_not_show_who_it_is(ground: Ground) -> None:
    server, client = await secure_pair(ground, certified("server", trustRoot=authority()))
    await all_lost(ground, server, client)


class Deaf(Peer):
    """An end that does not care what it hears: it is an alert, which OpenSSL words."""

    def dataReceived(self, data: bytes) -> None:
        pass


@conforms(server=["made", "lost Error"], client=["made", "lost ConnectionDone"])
async def test_a_dialer_that_speaks_no_tls(ground: Ground) -> None:
    server, client = Shaking(ground, "server"), Deaf(ground, "client")
    port = ground.reactor.listenSSL(0, Single(server), certified("server"), interface=HOME)
    ground.at_the_end(port.stopListening)
    ground.reactor.connectTCP(HOME, port_number(port), Single(client))
    await ground.until(lambda: server.is_made and client.is_made)
    client.transport.write(b"GET / HTTP/1.0\r\n\r\n")
    await all_lost(ground, server, client)


@conforms(server=["made", "handshake", b"by the old way"], client=["made", "handshake"])
async def test_tls_by_the_reactors_own_methods(ground: Ground) -> None:
    server, client = Shaking(ground, "server"), Shaking(ground, "client")
    port = ground.reactor.listenSSL(0, Single(server), certified("server"), interface=HOME)
    ground.at_the_end(port.stopListening)
    options = optionsForClientTLS(NAME, trustRoot=authority())
    ground.reactor.connectSSL(HOME, port_number(port), Single(client), options)
    await ground.until(lambda: server.is_made and client.is_made)
    client.transport.write(b"by the old way")
    await server.hears(14)


@conforms(
    server=["made", b"STARTTLS", "handshake", b"secret", "lost ConnectionDone"],
    client=["made", b"GO", "handshake", b"secret too", "lost ConnectionDone"],
)
async def test_tls_begins_in_the_middle(ground: Ground) -> None:
    server, client = await pair(ground, Shaking, Shaking)
    client.transport.write(b"STARTTLS")
    await server.hears(8)
    server.transport.write(b"GO")
    server.transport.startTLS(certified("server"))
    await client.hears(2)
    client.transport.startTLS(optionsForClientTLS(NAME, trustRoot=authority()))
    client.transport.write(b"secret")
    await server.hears(14)
    server.transport.write(b"secret too")
    await client.hears(12)
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    server=["made", "handshake", "pause", "resume", "stop", "lost ConnectionDone"],
    client=["made", "handshake", in_short(MANY), "lost ConnectionDone"],
)
async def test_a_producer_of_a_tls_connection(ground: Ground) -> None:
    server, client = await secure_pair(ground)
    await ground.until_noted("server", 2)
    await ground.until_noted("client", 2)
    server.transport.registerProducer(Voice(server), streaming=True)
    server.transport.write(MANY)
    await client.hears(len(MANY))
    await ground.until_noted("server", 4)
    client.transport.loseConnection()
    await all_lost(ground, server, client)


class Voice:
    """A producer that notes under its peer's name the first pause and what comes after."""

    def __init__(self, peer: Any) -> None:
        self.peer = peer

    def pauseProducing(self) -> None:
        self.peer.note("pause")

    def resumeProducing(self) -> None:
        self.peer.note("resume")

    def stopProducing(self) -> None:
        self.peer.note("stop")


@conforms(server=["made", "handshake"], client=["made", "handshake", "h2"])
async def test_the_next_protocol_is_agreed_on(ground: Ground) -> None:
    options = optionsForClientTLS(NAME, trustRoot=authority(), acceptableProtocols=[b"http/1.1", b"h2"])
    _, client = await secure_pair(ground, certified("server", acceptableProtocols=[b"h2"]), options)
    await ground.until_noted("server", 2)
    await ground.until_noted("client", 2)
    client.note(client.transport.negotiatedProtocol.decode())


@conforms(
    server=["made", "handshake"], client=["made", "handshake"], interfaces=["IReactorSSL", "ISSLTransport"]
)
async def test_the_interfaces_of_tls(ground: Ground) -> None:
    server, _ = await secure_pair(ground)
    await ground.until_noted("server", 2)
    await ground.until_noted("client", 2)
    if verifyObject(IReactorSSL, ground.reactor):
        ground.note("interfaces", "IReactorSSL")
    if verifyObject(ISSLTransport, server.transport):
        ground.note("interfaces", "ISSLTransport")
