"""The flood as a plain asyncio program, in the three ways in which asyncio offers a network.

It knows no simulator: any event loop runs it, the real one too. The simulators of asyncio programs
that are compared each get the way that is quickest there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen
from benching.sim.node import Node
from benching.sim.plan import DIAL_S, PORT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


READ_BYTES: Final = 65_536


@frozen
class Hosted:
    """One host's part of a plan: where it is, whom it dials, whom it knows, what is injected there."""

    node: Node
    address: str
    dials: Sequence[str]
    neighbors: Sequence[str]
    injections: Sequence[tuple[float, bytes]]


@define(eq=False)
class StreamLink(asyncio.Protocol):
    """One end of a connection."""

    node: Node
    transport: Any = None
    rest: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Use it."""
        self.transport = transport
        self.node.links.append(self.transport)

    def data_received(self, data: bytes) -> None:
        """Take messages."""
        self.rest = self.node.receive_chunk(self.rest + data if self.rest else data, self.transport)


async def by_protocols(host: Hosted) -> None:
    """Run a host over connections, with `asyncio.Protocol`."""
    loop = asyncio.get_running_loop()
    schedule(loop, host)
    await loop.create_server(lambda: StreamLink(host.node), host.address, PORT)
    await asyncio.sleep(DIAL_S)
    for address in host.dials:
        await loop.create_connection(lambda: StreamLink(host.node), address, PORT)


async def by_streams(host: Hosted) -> None:
    """Run a host over connections, with `StreamReader` and `StreamWriter`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host.node.links.append(writer)
        rest = b""
        while data := await reader.read(READ_BYTES):
            rest = host.node.receive_chunk(rest + data if rest else data, writer)

    schedule(asyncio.get_running_loop(), host)
    await asyncio.start_server(talk, host.address, PORT)
    await asyncio.sleep(DIAL_S)
    async with asyncio.TaskGroup() as links:
        for address in host.dials:
            links.create_task(talk(*await asyncio.open_connection(address, PORT)))


@define(eq=False)
class DatagramLink:
    """The way to one neighbor over a shared endpoint."""

    transport: asyncio.DatagramTransport
    address: tuple[str, int]

    def write(self, data: bytes, /) -> None:
        """Send one datagram."""
        self.transport.sendto(data, self.address)


@define(eq=False)
class DatagramHost(asyncio.DatagramProtocol):
    """A host's endpoint."""

    host: Hosted
    links: dict[tuple[str, int], DatagramLink] = field(factory=dict)

    def connection_made(self, transport: Any) -> None:
        """Know the neighbors."""
        for name in self.host.neighbors:
            address = (name, PORT)
            self.links[address] = DatagramLink(transport, address)
        self.host.node.links.extend(self.links.values())

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Take a message."""
        self.host.node.receive(data, self.links[addr])


async def by_datagrams(host: Hosted) -> None:
    """Run a host over datagrams."""
    loop = asyncio.get_running_loop()
    schedule(loop, host)
    await loop.create_datagram_endpoint(lambda: DatagramHost(host), local_addr=(host.address, PORT))


def schedule(loop: asyncio.AbstractEventLoop, host: Hosted) -> None:
    """Have this host's messages injected when they are due."""
    for at_s, message in host.injections:
        loop.call_later(at_s, host.node.inject, message)


WAYS: Final[dict[str, Callable[[Hosted], Awaitable[None]]]] = {
    "protocols": by_protocols,
    "streams": by_streams,
    "datagrams": by_datagrams,
}
