"""What a host of the flood does, whatever carries its bytes: it is the same code in every simulator.

A link is anything with `write`: a transport of Twisted, of asyncio, an asyncio `StreamWriter`.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define, field
from benching.sim.plan import MESSAGE_BYTES


class Link(Protocol):
    """A way to a neighbor."""

    def write(self, data: bytes, /) -> object:
        """Send."""


@define
class Meter:
    """What all hosts of a simulation have received."""

    awaited: int
    delivered: int = 0
    chunks: int = 0


@define(eq=False)
class Node:
    """One host: its links, and what it has seen."""

    meter: Meter
    links: list[Link] = field(factory=list)
    seen: set[bytes] = field(factory=set)

    def inject(self, message: bytes) -> None:
        """Begin a flood here."""
        self.seen.add(message)
        for link in self.links:
            link.write(message)

    def receive(self, message: bytes, source: Link) -> None:
        """Take a message from a neighbor, and pass it on if it is new."""
        self.meter.delivered += 1
        if message not in self.seen:
            self.seen.add(message)
            for link in self.links:
                if link is not source:
                    link.write(message)

    def receive_chunk(self, data: bytes, source: Link) -> bytes:
        """Take whole messages out of bytes of a stream; return what is left over."""
        self.meter.chunks += 1
        if len(data) == MESSAGE_BYTES:
            self.receive(data, source)
            return b""
        whole = len(data) - len(data) % MESSAGE_BYTES
        for start in range(0, whole, MESSAGE_BYTES):
            self.receive(data[start : start + MESSAGE_BYTES], source)
        return data[whole:]
