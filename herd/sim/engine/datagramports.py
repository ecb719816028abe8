"""Twisted's UDP transports on simulated sockets, with a quicker way through reading and writing.

Everything that is not here is Twisted's own code.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from twisted.internet import main, udp
from twisted.python import log

from herd.sim.engine.datagrams import DatagramSocket

if TYPE_CHECKING:
    from herd.sim.engine.plaindatagrams import Address


class _Quick:
    """Reading and writing a simulated socket: the same steps as Twisted's, in fewer calls."""

    socket: Any

    def createInternetSocket(self) -> Any:
        """Make a socket; hosts have IPv4 alone."""
        if self.addressFamily != socket.AF_INET:  # type: ignore[attr-defined]
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return DatagramSocket(self.reactor.process)  # type: ignore[attr-defined]

    def doRead(self) -> Any:
        """Read what is there."""
        source = self.socket
        if source.error:
            # epoll says of an error alone what it says of an end, and Twisted takes it for one.
            return super().doRead() if source.has_waiting else main.CONNECTION_DONE  # type: ignore[misc]
        received = self.protocol.datagramReceived  # type: ignore[attr-defined]
        read = 0
        while source.has_waiting and read < self.maxThroughput:  # type: ignore[attr-defined]
            data, address = source.recvfrom(self.maxPacketSize)  # type: ignore[attr-defined]
            read += len(data)
            try:
                received(data, address)
            except BaseException:  # noqa: BLE001 - as Twisted does
                log.err()
        return None

    def deliver(self, data: bytes, address: Address) -> None:
        """Take a datagram from the network: what `doRead` does, for the one that has just arrived."""
        size = self.maxPacketSize  # type: ignore[attr-defined]
        try:
            self.protocol.datagramReceived(data if len(data) <= size else data[:size], address)  # type: ignore[attr-defined]
        except BaseException:  # noqa: BLE001 - as Twisted does
            log.err()

    def write(self, datagram: bytes, addr: Address | None = None) -> Any:
        """Write a datagram; returns its size, as Twisted's ports do."""
        source = self.socket
        route = source.routes.get(addr)
        # What Twisted checks of an address needs no check where there is a route, or a host that has it.
        if (
            self._connectedAddr  # type: ignore[attr-defined]
            or type(datagram) is not bytes
            or (route is None and (addr is None or source.simulation.network.at(addr[0]) is None))
        ):
            return super().write(datagram, addr)  # type: ignore[misc]
        try:
            if route is None:
                source.sendto(datagram, addr)
            else:
                route.send(datagram)
        except OSError:
            return super().write(datagram, addr)  # type: ignore[misc]
        return len(datagram)


class SimulatedDatagramPort(_Quick, udp.Port):
    """A UDP port."""


class SimulatedMulticastPort(_Quick, udp.MulticastPort):
    """A UDP port that may join groups."""

    def createInternetSocket(self) -> Any:
        """Make a socket; others may be bound to its port if that is wanted."""
        made = super().createInternetSocket()
        if self.listenMultiple:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made
