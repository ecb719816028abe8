"""The plain way of UDP: sent by a link that spoils nothing, under way, arrived where a program waits for it.

Almost every datagram goes it. What has another fate (lost, doubled, come where nobody is or nobody reads) is
handed to methods that whoever inherits from these classes has.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import kinds

if TYPE_CHECKING:
    from herd.sim.engine.host import Host
    from herd.sim.engine.network import Link
    from herd.sim.engine.process import Process
    from herd.sim.engine.simulation import Simulation

Address = tuple[str, int]

MAX_BYTES: Final = 65_507
"""What fits into an IP packet with the headers of IP and UDP."""


class PlainSocket:
    """A UDP socket, as datagrams see it."""

    __slots__ = (
        "error",
        "host",
        "inbox",
        "is_closed",
        "peer",
        "process",
        "reader",
        "sharing",
        "simulation",
    )

    def __init__(self, process: Process) -> None:
        self.process = process
        self.host: Host = process.host
        self.simulation: Simulation = process.simulation
        self.reader: Any = None
        """Who wants to be told when there is something to read; the reactor sets it."""
        self.peer: Address | None = None
        """The one that it hears of alone; None: it hears of all."""
        self.error = 0
        self.is_closed = False
        self.inbox: list[tuple[bytes, Address, int, Host]] = []
        """What waits: the data, where it comes from, its number, and its sender."""
        self.sharing: list[Any] = []
        """Other sockets that are bound to the same port, by their common wish."""

    def waits_for_any(self) -> bool:
        """Tell whether its program takes whatever comes, as it comes, and is the only one that does."""
        return (
            self.reader is not None
            and self.peer is None
            and not (self.is_closed or self.error or self.inbox or self.sharing or self.process.halted)
        )


class PlainRoute:
    """From a socket to an address and port, by a link."""

    __slots__ = ("arrival", "found", "is_home", "last_ns", "link", "sender", "simulation", "source")

    def __init__(self, sender: PlainSocket, link: Link, source: Address) -> None:
        self.sender = sender
        self.simulation = sender.simulation
        self.link = link
        self.source = source
        """Where datagrams come from, as the other end sees it."""
        self.arrival = self.arrive
        """What an event of a datagram that arrives calls."""
        self.found: Any = None
        """The socket that is there, as far as that is known."""
        self.is_home = link.source is link.target
        """Whether it leads to the own host: there a kernel hands datagrams over in order."""
        self.last_ns = 0
        """When the last of those arrives."""

    def send(self, data: bytes) -> None:
        """Send a datagram; an `OSError` if it is too long for one."""
        size = len(data)
        if size > MAX_BYTES:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        simulation = self.simulation
        flow = simulation.flow()
        link = self.link
        if simulation.trace is not None:
            link.source.record(kinds.DATAGRAM, link.target, flow, size, data)
        if link.blocked or link.is_lossy or link.spoils_datagrams:
            self.transmit(flow, data)
            return
        due_ns = simulation.now_ns + link.delay_ns(simulation.now_ns, size)
        if self.is_home:
            due_ns = self.last_ns = max(due_ns, self.last_ns)
        simulation.schedule(due_ns, link.target, self.arrival, (flow, data))

    def arrive(self, flow: int, data: bytes) -> None:
        """Reach the other kernel."""
        found, link = self.found, self.link
        if link.blocked or found is None or not found.waits_for_any():
            self.arrive_otherwise(flow, data)
            return
        found.process.become_current()
        if self.simulation.trace is not None:
            found.host.record(kinds.DATAGRAM_IN, link.source, flow, len(data), data)
        found.reader.deliver(data, self.source)

    def transmit(self, flow: int, data: bytes) -> None:
        """Do to a datagram what its link does."""
        raise NotImplementedError

    def arrive_otherwise(self, flow: int, data: bytes) -> None:
        """Reach the other kernel, where it may be that nobody is, or nobody reads."""
        raise NotImplementedError
