"""The way of a datagram from a socket to an address: what its link does to it, and who is there.

Where each datagram takes its own time, they overtake each other, but for those to the own host: a kernel
hands them over in order.

A profile's damages are drawn for each datagram in this order: whether it is doubled; then for each copy
whether it is lost, which bit is flipped, how long it takes, and how long it is held back. What is not in the
profile is not drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine import trace
from herd.sim.engine.delays import NS_PER_MS
from herd.sim.engine.native import PlainRoute

if TYPE_CHECKING:
    from herd.sim.engine.chance import Stream
    from herd.sim.engine.datagrams import DatagramSocket
    from herd.sim.engine.network import Link
    from herd.sim.engine.plaindatagrams import Address

_FIRST_GROUP: Final = 224
_LAST_GROUP: Final = 239
_BROADCAST: Final = "255.255.255.255"
_BITS: Final = 8


def is_group(address: str) -> bool:
    """Tell whether an IPv4 address is a multicast group's."""
    return _FIRST_GROUP <= int(address.partition(".")[0]) <= _LAST_GROUP


def is_shared_address(address: str) -> bool:
    """Tell whether an IPv4 address is not one host's alone: a multicast group's, or everybody's."""
    return address == _BROADCAST or is_group(address)


class Route(PlainRoute):
    """From a socket to an address and port, by a link."""

    sender: DatagramSocket
    __slots__ = ("_address", "_port")

    def __init__(self, sender: DatagramSocket, link: Link, source: Address, address: str, port: int) -> None:
        super().__init__(sender, link, source)
        self._address = address
        self._port = port

    def transmit(self, flow: int, data: bytes) -> None:
        """Do to a datagram what the link does."""
        link = self.link
        profile = link.profile
        copies = 2 if profile.duplicate and link.stream.chance(profile.duplicate) else 1
        for _ in range(copies):
            if link.loses():
                self._lose(flow, data)
                continue
            copy = data
            if profile.corrupt and link.stream.chance(profile.corrupt):
                copy = with_one_bit_flipped(data, link.stream)
            now_ns = self.simulation.now_ns
            due_ns = now_ns + link.delay_ns(now_ns, len(data))
            if self.is_home:
                due_ns = self.last_ns = max(due_ns, self.last_ns)
            if profile.reorder and link.stream.chance(profile.reorder):
                due_ns += link.stream.integer(0, round(profile.reorder_ms * NS_PER_MS))
            self.simulation.schedule(due_ns, link.target, self.arrival, (flow, copy))

    def _lose(self, flow: int, data: bytes) -> None:
        self.link.source.record(trace.DATAGRAM_LOST, self.link.target, flow, len(data))

    def arrive_otherwise(self, flow: int, data: bytes) -> None:
        """Reach the other kernel, where it may be that nobody is, or nobody reads."""
        link = self.link
        if link.blocked:
            self._lose(flow, data)
            return
        source = self.source
        found = self.found
        if found is None or found.is_closed:
            found = self.found = link.target.bound("udp", self._address, self._port)
        if found is None or not (found.peer is None or found.peer == source):
            self._find_nobody(flow, data)
            return
        takers = [found, *found.sharing] if found.sharing and is_shared_address(self._address) else (found,)
        for each in takers:
            if not each.take(data, source, flow, link.source):
                self._lose(flow, data)

    def _find_nobody(self, flow: int, data: bytes) -> None:
        """Tell the sender, if it is connected and can be told, that nobody is there."""
        if is_shared_address(self._address):
            return
        self._lose(flow, data)
        if self.sender.peer is None:
            return
        simulation = self.simulation
        back = simulation.network.link(self.link.target, self.link.source)
        if not back.loses():
            due_ns = simulation.now_ns + back.delay_ns(simulation.now_ns, 0)
            address = (self._address, self._port)
            simulation.schedule(due_ns, back.target, self.sender.refused, (address,))


def with_one_bit_flipped(data: bytes, stream: Stream) -> bytes:
    """Return data with one bit changed, drawn."""
    if not data:
        return data
    bit = stream.integer(0, len(data) * _BITS - 1)
    damaged = bytearray(data)
    damaged[bit // _BITS] ^= 1 << bit % _BITS
    return bytes(damaged)
