"""What a simulated reactor offers of networks besides plain TCP: TLS, and the interfaces that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trustme
from twisted.internet.interfaces import (
    IReactorMulticast,
    IReactorPluggableNameResolver,
    IReactorPluggableResolver,
    IReactorSSL,
    IReactorTCP,
    IReactorTime,
    IReactorUDP,
    IReactorUNIX,
)
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.internet.ssl import (
    Certificate,
    PrivateCertificate,
    optionsForClientTLS,
    trustRootFromCertificates,
)
from zope.interface.verify import verifyObject

from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from twisted.python.failure import Failure


@pytest.mark.parametrize(
    "interface",
    [
        IReactorMulticast,
        IReactorPluggableNameResolver,
        IReactorPluggableResolver,
        IReactorSSL,
        IReactorTCP,
        IReactorTime,
        IReactorUDP,
        IReactorUNIX,
    ],
)
def test_the_interfaces_of_a_reactor(interface: Any) -> None:
    reactor = Simulation().host("a").start(Call(print)).reactor
    assert verifyObject(interface, reactor)


class Peer(Protocol):
    """Notes what happens to it. A server answers in capitals; a client closes when it has its answer."""

    transport: Any

    def __init__(self, name: str, seen: list[str]) -> None:
        self.name = name
        self.seen = seen

    def connectionMade(self) -> None:
        if self.name == "client":
            self.transport.write(b"hello")

    def dataReceived(self, data: bytes) -> None:
        self.seen.append(f"{self.name} {data!r}")
        if self.name == "client":
            self.transport.loseConnection()
        else:
            self.transport.write(data.upper())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.seen.append(f"{self.name} lost {type(reason.value).__name__}")


# Twisted itself passes them.
@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")
def test_a_connection_under_tls() -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("server")
    pem = issued.private_key_and_cert_chain_pem.bytes()
    options = PrivateCertificate.loadPEM(pem).options()
    trust = trustRootFromCertificates([Certificate.loadPEM(authority.cert_pem.bytes())])
    seen: list[str] = []

    def serve(reactor: Any) -> None:
        factory = Factory.forProtocol(lambda: Peer("server", seen))
        seen.append(str(reactor.listenSSL(443, factory, options).getHost().port))

    def connect(reactor: Any) -> None:
        factory = ClientFactory.forProtocol(lambda: Peer("client", seen))
        reactor.connectSSL("server", 443, factory, optionsForClientTLS("server", trust))

    simulation = Simulation()
    simulation.host("server").start(Call(serve))
    simulation.host("client").start(Call(connect))
    simulation.run(5)
    assert simulation.problems == []
    assert seen == [
        "443",
        "server b'hello'",
        "client b'HELLO'",
        "server lost ConnectionDone",
        "client lost ConnectionDone",
    ]
