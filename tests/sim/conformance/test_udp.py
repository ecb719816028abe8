"""UDP: datagrams of every size, ports, and what a kernel says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.error import CannotListenError, InvalidAddressError
from twisted.internet.interfaces import IListeningPort, IReactorUDP, IUDPTransport
from twisted.internet.protocol import DatagramProtocol
from zope.interface.verify import verifyObject

from tests.sim.conformance.ground import HOME, in_short, port_number, unclosed
from tests.sim.conformance.peers import Single
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Event, Ground

LARGEST = 65507
"""What an IPv4 packet of 65535 bytes holds besides its headers."""
SIZES = (0, 1, 512, 1472, 1473, 8192, LARGEST)


class Port(DatagramProtocol):
    """Notes every datagram, and what else it is told."""

    transport: Any

    def __init__(self, ground: Ground, name: str) -> None:
        self.ground = ground
        self.name = name
        self.sources: list[tuple[str, int]] = []

    def note(self, *what: object) -> None:
        self.ground.note(self.name, *what)

    def startProtocol(self) -> None:
        self.note("start")

    def stopProtocol(self) -> None:
        self.note("stop")

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.sources.append(addr)
        self.note(str(in_short(datagram)))

    def connectionRefused(self) -> None:
        self.note("refused")


def opened(ground: Ground, name: str, **options: Any) -> Port:
    protocol = Port(ground, name)
    port = ground.reactor.listenUDP(0, protocol, interface=HOME, **options)
    ground.at_the_end(port.stopListening)
    return protocol


def address(port: Port) -> tuple[str, int]:
    return (HOME, port_number(port.transport))


def content(size: int) -> bytes:
    return (b"0123456789" * (size // 10 + 1))[:size]


SEEN: list[Event] = [str(in_short(content(size))) for size in SIZES]


@conforms(sender=["start"], receiver=["start", *SEEN])
async def test_datagrams_of_every_size(ground: Ground) -> None:
    sender, receiver = opened(ground, "sender"), opened(ground, "receiver", maxPacketSize=65536)
    for number, size in enumerate(SIZES, start=2):
        sender.transport.write(content(size), address(receiver))
        await ground.until_noted("receiver", number)


@conforms(
    sender=["start", "raises MessageLengthError", "raises MessageLengthError"], receiver=["start", "b'fits'"]
)
async def test_a_datagram_that_is_too_large(ground: Ground) -> None:
    sender, receiver = opened(ground, "sender"), opened(ground, "receiver")
    for size in (LARGEST + 1, 100_000):
        ground.raises("sender", sender.transport.write, content(size), address(receiver))
    sender.transport.write(b"fits", address(receiver))
    await ground.until_noted("receiver", 2)


@conforms(sender=["start"], receiver=["start", "b'0123456789'", "b'short'"])
async def test_a_datagram_is_cut_at_the_size_that_a_port_takes(ground: Ground) -> None:
    sender, receiver = opened(ground, "sender"), opened(ground, "receiver", maxPacketSize=10)
    sender.transport.write(content(11), address(receiver))
    await ground.until_noted("receiver", 2)
    sender.transport.write(b"short", address(receiver))
    await ground.until_noted("receiver", 3)


@conforms(sender=["start", "returns 5", "b'answer'"], receiver=["start", "b'asked'", "from the sender"])
async def test_a_datagram_tells_where_it_came_from(ground: Ground) -> None:
    sender, receiver = opened(ground, "sender"), opened(ground, "receiver")
    ground.raises("sender", sender.transport.write, b"asked", address(receiver))
    await ground.until_noted("receiver", 2)
    receiver.note("from the sender" if receiver.sources == [address(sender)] else "from elsewhere")
    receiver.transport.write(b"answer", receiver.sources[0])
    await ground.until_noted("sender", 3)


@conforms(sender=["start"], receiver=["start", "b'one two'"])
async def test_a_sequence_is_one_datagram(ground: Ground) -> None:
    sender, receiver = opened(ground, "sender"), opened(ground, "receiver")
    sender.transport.writeSequence([b"one", b" ", b"two"], address(receiver))
    await ground.until_noted("receiver", 2)


@conforms(itself=["start", "b'to myself'"])
async def test_a_port_writes_to_itself(ground: Ground) -> None:
    itself = opened(ground, "itself")
    itself.transport.write(b"to myself", address(itself))
    await ground.until_noted("itself", 2)


@conforms(
    client=["start", "returns 4", "b'answer'", "raises RuntimeError", "raises AssertionError", "returns 5"],
    server=["start", "b'asks'", "b'again'"],
    stranger=["start"],
)
async def test_a_connected_port_hears_only_its_peer(ground: Ground) -> None:
    client, server, stranger = (opened(ground, name) for name in ("client", "server", "stranger"))
    client.transport.connect(*address(server))
    ground.raises("client", client.transport.write, b"asks")
    await ground.until_noted("server", 2)
    stranger.transport.write(b"strange", address(client))
    await ground.moment()
    server.transport.write(b"answer", server.sources[0])
    await ground.until_noted("client", 3)
    ground.raises("client", client.transport.connect, HOME, 9)
    ground.raises("client", client.transport.write, b"else", address(stranger))
    ground.raises("client", client.transport.write, b"again", address(server))
    await ground.until_noted("server", 3)


# Twisted's reactors on epoll take the kernel's bare error for the end of the socket: connectionRefused, which
# the interface promises, is what select alone gives (Twisted's issue 5377).
@conforms(client=["start", "stop"], server=["start", "stop"])
async def test_a_connected_port_is_lost_when_nobody_listens(ground: Ground) -> None:
    client, server = opened(ground, "client"), opened(ground, "server")
    target = address(server)
    await server.transport.stopListening()
    client.transport.connect(*target)
    client.transport.write(b"anybody?")
    await ground.until_noted("client", 2)


@conforms(
    client=["start", "refused", "returns None", "b'welcome'"],
    server=["start", "stop", "start", "b'anybody?'"],
)
async def test_a_paused_connected_port_is_told_of_a_refusal_when_it_writes(ground: Ground) -> None:
    client, server = opened(ground, "client"), opened(ground, "server")
    target = address(server)
    await server.transport.stopListening()
    client.transport.connect(*target)
    client.transport.pauseProducing()
    client.transport.write(b"anybody?")
    await ground.moment()
    ground.raises("client", client.transport.write, b"refused")
    port = ground.reactor.listenUDP(target[1], server, interface=HOME)
    ground.at_the_end(port.stopListening)
    client.transport.resumeProducing()
    client.transport.write(b"anybody?")
    await ground.until_noted("server", 4)
    server.transport.write(b"welcome", server.sources[0])
    await ground.until_noted("client", 4)


@conforms(client=["start", "returns 8", "b'I am'"], server=["start", "stop"], other=["start"])
async def test_an_unconnected_port_is_not_told_that_nobody_listens(ground: Ground) -> None:
    client, server, other = (opened(ground, name) for name in ("client", "server", "other"))
    target = address(server)
    await server.transport.stopListening()
    ground.raises("client", client.transport.write, b"anybody?", target)
    await ground.moment()
    other.transport.write(b"I am", address(client))
    await ground.until_noted("client", 3)


@conforms(port=["start", "stopping", "stop", "fires NoneType", "raises AttributeError"])
async def test_a_port_is_closed(ground: Ground) -> None:
    port = Port(ground, "port")
    ground.reactor.listenUDP(0, port, interface=HOME)
    transport = port.transport
    port.note("stopping")
    await ground.outcome("port", transport.stopListening())
    ground.raises("port", transport.write, b"too late", (HOME, 9))


@conforms(
    port=[
        "start",
        "raises InvalidAddressError",
        "name.invalid write() only accepts IP addresses, not hostnames",
    ]
)
async def test_a_name_is_no_address(ground: Ground) -> None:
    port = opened(ground, "port")
    ground.raises("port", port.transport.write, b"?", ("localhost", 9))
    try:
        port.transport.write(b"?", ("name.invalid", 9))
    except InvalidAddressError as error:
        port.note(error.address, error.message)


@conforms(port=["start", "raises InvalidAddressError", "raises AssertionError"])
async def test_to_connect_and_to_write_need_addresses(ground: Ground) -> None:
    port = opened(ground, "port")
    ground.raises("port", port.transport.connect, "localhost", 9)
    ground.raises("port", port.transport.write, b"to whom?")


@conforms(port=["start", "broadcast False", "broadcast True", "broadcast False"])
async def test_broadcasts_are_allowed_and_forbidden(ground: Ground) -> None:
    port = opened(ground, "port")
    port.note("broadcast", port.transport.getBroadcastAllowed())
    port.transport.setBroadcastAllowed(enabled=True)
    port.note("broadcast", port.transport.getBroadcastAllowed())
    port.transport.setBroadcastAllowed(enabled=False)
    port.note("broadcast", port.transport.getBroadcastAllowed())


@conforms(first=["start", "IPv4Address UDP 127.0.0.1", "the same address twice"], second=["taken"])
async def test_a_port_that_is_taken(ground: Ground) -> None:
    first = opened(ground, "first")
    host = first.transport.getHost()
    first.note(type(host).__name__, host.type, host.host)
    first.note("the same address twice" if host == first.transport.getHost() else "two addresses")
    with unclosed():
        try:
            ground.reactor.listenUDP(host.port, Port(ground, "second"), interface=HOME)
        except CannotListenError as error:
            expected = f"Couldn't listen on 127.0.0.1:{host.port}: [Errno 98] Address already in use."
            ground.note("second", "taken" if str(error) == expected else str(error))


@conforms(tcp=["listens"], udp=["start"])
async def test_tcp_and_udp_do_not_share_ports(ground: Ground) -> None:
    tcp = ground.listen(Single(None))
    ground.note("tcp", "listens")
    udp = ground.reactor.listenUDP(port_number(tcp), Port(ground, "udp"), interface=HOME)
    ground.at_the_end(udp.stopListening)


@conforms(interfaces=["IReactorUDP", "IUDPTransport", "IListeningPort"], port=["start"])
async def test_the_interfaces_of_udp(ground: Ground) -> None:
    port = opened(ground, "port")
    for interface, thing in (
        (IReactorUDP, ground.reactor),
        (IUDPTransport, port.transport),
        (IListeningPort, port.transport),
    ):
        if verifyObject(interface, thing):
            ground.note("interfaces", interface.__name__)


@conforms(sender=["start"], receiver=["start", "paused", "resumed", "b'patience'"])
async def test_a_paused_port_hears_later(ground: Ground) -> None:
    sender, receiver = opened(ground, "sender"), opened(ground, "receiver")
    receiver.transport.pauseProducing()
    receiver.note("paused")
    sender.transport.write(b"patience", address(receiver))
    await ground.moment()
    receiver.note("resumed")
    receiver.transport.resumeProducing()
    await ground.until_noted("receiver", 4)
