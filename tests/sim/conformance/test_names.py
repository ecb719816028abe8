"""Names: what a reactor's resolver says of addresses, of `localhost`, and of names that nobody has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import (
    IHostnameResolver,
    IHostResolution,
    IReactorPluggableNameResolver,
    IReactorPluggableResolver,
    IResolutionReceiver,
    IResolverSimple,
)
from zope.interface import implementer
from zope.interface.verify import verifyObject

from tests.sim.conformance.ground import port_number
from tests.sim.conformance.peers import Dialer, Listener
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground


@implementer(IResolutionReceiver)
class Receiver:
    """Notes what it is told of a name."""

    def __init__(self, ground: Ground, name: str = "name") -> None:
        self.ground = ground
        self.name = name

    def resolutionBegan(self, resolution: Any) -> None:
        began = IHostResolution.providedBy(resolution)
        self.ground.note(self.name, "began", resolution.name if began else resolution)

    def addressResolved(self, address: Any) -> None:
        self.ground.note(self.name, type(address).__name__, address.type, address.host, address.port)

    def resolutionComplete(self) -> None:
        self.ground.note(self.name, "complete")


@conforms(name=["began 127.0.0.1", "asked", "IPv4Address TCP 127.0.0.1 80", "complete"])
async def test_an_address_is_its_own_name(ground: Ground) -> None:
    ground.reactor.nameResolver.resolveHostName(Receiver(ground), "127.0.0.1", 80)
    ground.note("name", "asked")
    await ground.until_noted("name", 4)


@conforms(name=["began localhost", "asked", "IPv4Address UDP 127.0.0.1 7", "complete"])
async def test_the_name_of_this_machine(ground: Ground) -> None:
    ground.reactor.nameResolver.resolveHostName(
        Receiver(ground), "localhost", 7, addressTypes=[IPv4Address], transportSemantics="UDP"
    )
    ground.note("name", "asked")
    await ground.until_noted("name", 4)


@conforms(name=["began nowhere.invalid", "asked", "complete"])
async def test_a_name_that_nobody_has(ground: Ground) -> None:
    ground.reactor.nameResolver.resolveHostName(Receiver(ground), "nowhere.invalid")
    ground.note("name", "asked")
    await ground.until_noted("name", 3)


@conforms(
    literal=["fires str", "127.0.0.1"],
    local=["fires str", "127.0.0.1"],
    unknown=["fails DNSLookupError"],
)
async def test_one_address_of_a_name(ground: Ground) -> None:
    for who, name in (("literal", "127.0.0.1"), ("local", "localhost")):
        ground.note(who, await ground.outcome(who, ground.reactor.resolve(name)))
    await ground.outcome("unknown", ground.reactor.resolve("nowhere.invalid"))


@implementer(IHostnameResolver)
class Liar:
    """Says the same of every name."""

    def resolveHostName(
        self,
        receiver: Any,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Any = None,
        transportSemantics: Any = "TCP",
    ) -> Any:
        resolution = Resolution(hostName)
        receiver.resolutionBegan(resolution)
        receiver.addressResolved(IPv4Address(transportSemantics, "127.0.0.1", portNumber))
        receiver.resolutionComplete()
        return resolution


@implementer(IHostResolution)
class Resolution:
    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        pass


@conforms(
    resolver=["the old one", "the new one"],
    dialer=["start", "started connecting", "build"],
    client=["made"],
    server=["made"],
)
async def test_a_resolver_of_the_programs_own(ground: Ground) -> None:
    liar = Liar()
    before = ground.reactor.nameResolver
    previous = ground.reactor.installNameResolver(liar)
    ground.at_the_end(lambda: ground.reactor.installNameResolver(previous))
    ground.note("resolver", "the old one" if previous is before else "another")
    ground.note("resolver", "the new one" if ground.reactor.nameResolver is liar else "another")
    listener, dialer = Listener(ground), Dialer(ground)
    port = ground.listen(listener)
    ground.reactor.connectTCP("anything.invalid", port_number(port), dialer)
    await ground.until(lambda: bool(listener.built and listener.built[0].is_made and dialer.built))


@implementer(IResolverSimple)
class SimpleLiar:
    """Says the same of every name, by the old interface."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def getHostByName(self, name: str, timeout: Any = (), effort: int = 0) -> Any:
        from twisted.internet.defer import succeed  # noqa: PLC0415 - one use

        self.ground.note("resolver", "asked for", name)
        return succeed("127.0.0.1")


@conforms(resolver=["asked for some.invalid", "127.0.0.1"])
async def test_a_simple_resolver_of_the_programs_own(ground: Ground) -> None:
    before = ground.reactor.nameResolver
    ground.reactor.installResolver(SimpleLiar(ground))
    ground.at_the_end(lambda: ground.reactor.installNameResolver(before))
    ground.note("resolver", await ground.reactor.resolve("some.invalid"))


@conforms(interfaces=["IReactorPluggableNameResolver", "IReactorPluggableResolver", "IHostnameResolver"])
async def test_the_interfaces_of_names(ground: Ground) -> None:
    reactor = ground.reactor
    for interface, thing in (
        (IReactorPluggableNameResolver, reactor),
        (IReactorPluggableResolver, reactor),
        (IHostnameResolver, reactor.nameResolver),
    ):
        if verifyObject(interface, thing):
            ground.note("interfaces", interface.__name__)
