"""TLS over Twisted's transports and over those that send at once: around the transport, or begun on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from twisted.internet.protocol import ClientFactory, Factory
from twisted.internet.ssl import CertificateOptions
from twisted.protocols.tls import TLSMemoryBIOFactory

from tests.server.grounds import KINDS, Ground, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

MUCH = bytes(range(256)) * 20_000


@pytest.fixture(scope="module")
def shown() -> CertificateOptions:
    """What the accepting side shows."""
    issued = trustme.CA().issue_cert("ball.example")
    certificate: Any = load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
    private_key: Any = load_pem_private_key(issued.private_key_pem.bytes(), None)
    return CertificateOptions(certificate=certificate, privateKey=private_key)


@pytest.fixture(params=KINDS)
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    ground = Ground(request.param)
    yield ground
    ground.close()


def talk(ground: Ground, dialer: Side, acceptor: Side) -> None:
    """Send much one way and back, and end in order."""
    acceptor.on_data = acceptor.transport.write
    dialer.transport.write(b"hello")
    ground.until(lambda: dialer.received == b"hello")
    dialer.transport.write(MUCH)
    dialer.transport.writeSequence([b"that", b" is all"])
    whole = b"hello" + MUCH + b"that is all"
    ground.until(lambda: len(dialer.received) == len(whole))
    assert dialer.received == whole
    dialer.transport.loseConnection()
    ground.until(lambda: dialer.story and acceptor.story)
    assert dialer.story == acceptor.story == ["lost: ConnectionDone"]


def test_tls_around_a_transport(ground: Ground, shown: CertificateOptions) -> None:
    dialer, acceptor = Side(), Side()
    clock = ground.reactor
    accepting = TLSMemoryBIOFactory(
        shown, isClient=False, wrappedFactory=Factory.forProtocol(lambda: acceptor), clock=clock
    )
    dialing = TLSMemoryBIOFactory(
        CertificateOptions(),
        isClient=True,
        wrappedFactory=ClientFactory.forProtocol(lambda: dialer),
        clock=clock,
    )
    ground.tcp.connectTCP("127.0.0.1", ground.listen(accepting), dialing)
    ground.until(lambda: dialer.transport is not None and acceptor.transport is not None)
    talk(ground, dialer, acceptor)


def test_tls_begun_on_a_transport(
    ground: Ground, shown: CertificateOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The transport itself leaves no choice of a clock.
    monkeypatch.setattr("twisted.protocols.tls._get_default_clock", lambda: ground.reactor)
    dialer, acceptor = Side(), Side()
    ground.pair(dialer, acceptor)
    dialer.transport.write(b"plain")
    ground.until(lambda: acceptor.received == b"plain")
    acceptor.transport.startTLS(shown)
    dialer.transport.startTLS(CertificateOptions())
    talk(ground, dialer, acceptor)
