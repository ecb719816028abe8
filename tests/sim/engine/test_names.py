"""What a hosted program learns from the DNS. Times are in milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import succeed
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IResolutionReceiver, IResolverSimple
from twisted.internet.protocol import ClientFactory, Factory, Protocol
from zope.interface import implementer

from herd.sim.engine.chance import Stream
from herd.sim.engine.faults import NamesFail
from herd.sim.engine.names import SILENCE_MS, Names
from herd.sim.engine.profile import Constant
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred


class Land:
    """Two hosts, and what a program on the first learns."""

    def __init__(self) -> None:
        self.simulation = Simulation()
        self.client = self.simulation.host("client")
        self.server = self.simulation.host("server")
        self.names = self.simulation.network.names
        self.names.latency = Constant(2)
        self.seen: list[str] = []

    def note(self, what: object) -> None:
        self.seen.append(f"{self.simulation.now_ns / 1e6:g} {what}")

    def do(self, function: Callable[..., Any], *args: Any) -> None:
        self.client.start(Call(function, *args))

    def ask(self, *names: str) -> None:
        """Resolve names."""

        def resolve(reactor: Any) -> None:
            for name in names:
                found: Deferred[str] = reactor.resolve(name)
                found.addErrback(lambda failure: type(failure.value).__name__).addCallback(self.note)

        self.do(resolve)

    def run(self, seconds: float = 1) -> list[str]:
        self.simulation.run(self.simulation.now_ns / 1e9 + seconds)
        assert self.simulation.problems == []
        seen, self.seen = self.seen, []
        return seen


def test_hosts_have_names_and_some_need_no_dns() -> None:
    land = Land()
    land.ask("server", "SERVER", "localhost", "10.9.8.7", "", "nobody")
    assert land.run() == [
        "0 10.9.8.7",
        "0 0.0.0.0",
        "0 127.0.0.1",
        "2 10.0.0.2",
        "2 10.0.0.2",
        "2 DNSLookupError",
    ]


def test_a_name_may_be_set_changed_and_taken_away() -> None:
    land = Land()
    land.names.set("WWW.Example", "10.0.0.2", "10.0.0.3")
    land.ask("www.example")
    assert land.run() == ["2 10.0.0.2"]
    land.ask("www.example")
    land.simulation.after(0.001, land.names.set, "www.example", "10.0.0.9")
    land.simulation.after(0.001, land.ask, "WWW.example")
    assert land.run() == ["1002 10.0.0.2", "1003 10.0.0.9"]
    land.names.set("www.example")
    land.ask("www.example")
    assert land.run() == ["2002 DNSLookupError"]


def test_a_name_may_be_slow() -> None:
    land = Land()
    land.names.slow("Server", Constant(500))
    land.ask("server", "client")
    assert land.run() == ["2 10.0.0.1", "500 10.0.0.2"]


def test_a_name_fails_for_a_while() -> None:
    land = Land()
    land.names.fail("server")
    land.ask("server", "client")
    assert land.run() == ["2 DNSLookupError", "2 10.0.0.1"]
    land.names.heal("server")
    land.ask("server")
    assert land.run() == ["1002 10.0.0.2"]


def test_the_whole_dns_is_silent_for_a_while() -> None:
    land = Land()
    land.names.fail(after_ms=SILENCE_MS)
    land.ask("server", "localhost")
    assert land.run(11) == ["0 127.0.0.1", "10000 DNSLookupError"]
    land.names.heal(after_ms=SILENCE_MS)
    land.ask("server")
    assert land.run() == ["11002 10.0.0.2"]


def test_the_dns_fails_as_a_fault() -> None:
    land = Land()
    NamesFail().begin(land.simulation)
    NamesFail("server", 500).begin(land.simulation)
    land.ask("server", "client")
    assert land.run() == ["2 DNSLookupError", "500 DNSLookupError"]
    NamesFail().end(land.simulation)
    NamesFail("server", 500).end(land.simulation)
    land.ask("server", "client")
    assert land.run() == ["1002 10.0.0.2", "1002 10.0.0.1"]


@given(st.permutations(["all", "all", "server", "server"]), st.integers(0, 4))
def test_a_name_is_whole_when_all_its_faults_are_over(order: list[str], healed: int) -> None:
    names = Names(latency=Constant(1))
    names.set("server", "10.0.0.2")
    for each in order:
        names.fail(each if each == "server" else "")
    for each in order[:healed]:
        names.heal(each if each == "server" else "")
    expected = ("10.0.0.2",) if healed == len(order) else ()
    assert names.look_up("server", Stream(1)) == (1_000_000, expected)


def test_a_program_may_bring_its_own_resolver() -> None:
    @implementer(IResolverSimple)
    class Fixed:
        def getHostByName(self, name: str, _timeout: object = ()) -> Deferred[str]:
            land.note(name)
            return succeed("10.0.0.2")

    def connect(reactor: Any) -> None:
        before = reactor.installResolver(Fixed())
        land.note(IResolverSimple.providedBy(before))
        factory: Any = ClientFactory.forProtocol(Protocol)
        factory.clientConnectionFailed = lambda _connector, reason: land.note(reason.value)
        reactor.connectTCP("anything", 9, factory)

    land = Land()
    land.do(connect)
    assert land.run() == [
        "0 True",
        "0.001 anything",
        "1.001 Connection was refused by other side: 111: Connection refused.",
    ]


@implementer(IResolutionReceiver)
class Receiver:
    """Notes a resolution."""

    def __init__(self, land: Land) -> None:
        self.land = land

    def resolutionBegan(self, resolutionInProgress: Any) -> None:
        self.land.note(f"began {resolutionInProgress.name}")

    def addressResolved(self, address: Any) -> None:
        self.land.note(address)

    def resolutionComplete(self) -> None:
        self.land.note("complete")


@pytest.mark.parametrize(
    ("name", "types", "found"),
    [
        ("two", None, [IPv4Address("UDP", "10.0.0.1", 7), IPv4Address("UDP", "10.0.0.2", 7)]),
        ("two", [IPv6Address], []),
        ("::1", None, [IPv6Address("UDP", "::1", 7)]),
        ("::1", [IPv4Address], []),
    ],
)
def test_all_addresses_of_the_types_that_are_wanted(name: str, types: Any, found: list[Any]) -> None:
    land = Land()
    land.names.set("two", "10.0.0.1", "10.0.0.2")
    land.do(lambda reactor: reactor.nameResolver.resolveHostName(Receiver(land), name, 7, types, "UDP"))
    time = 2 if name == "two" else 0
    assert land.run() == [f"0 began {name}", *(f"{time} {each}" for each in found), f"{time} complete"]


# A kernel without IPv6.

NO_IPV6 = "97: Address family not supported by protocol"


def test_nobody_connects_to_an_address_of_ipv6() -> None:
    def connect(reactor: Any) -> None:
        factory: Any = ClientFactory.forProtocol(Protocol)
        factory.clientConnectionFailed = lambda _connector, reason: land.note(reason.value)
        reactor.connectTCP("::1", 9, factory)
        connecting = HostnameEndpoint(reactor, "::1", 9).connect(Factory.forProtocol(Protocol))
        connecting.addErrback(lambda failure: land.note(failure.value))

    land = Land()
    land.do(connect)
    refused = f"Couldn't bind: {NO_IPV6}."
    assert [event.split(" ", 1)[1] for event in land.run()] == [refused, refused]


@pytest.mark.parametrize("method", ["listenTCP", "listenUDP"])
def test_nobody_listens_on_an_address_of_ipv6(method: str) -> None:
    land = Land()

    def listen(reactor: Any) -> None:
        with pytest.raises(Exception, match=r"Couldn't listen on ::1:9: \[Errno 97\] Address family"):
            getattr(reactor, method)(9, Factory(), interface="::1")
        land.note("told")

    land.do(listen)
    assert land.run() == ["0 told"]
