"""Twisted's UDP transports on simulated sockets, with a quicker way through reading and writing.

Everything that is not here is Twisted's own code.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from twisted.internet import udp
from twisted.python import log

from herd.sim.engine.datagrams import DatagramSocket

if TYPE_CHECKING:
    from herd.sim.engine.datagrams import Address


class _Quick:
    """Reading and writing a simulated socket: the same steps as Twisted's, in fewer calls."""

    socket: Any

    def createInternetSocket(self) -> Any:
        """Make a socket; hosts have IPv4 alone."""
        if self.addressFamily != socket.AF_INET:  # type: ignore[attr-defined]
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        return DatagramSocket(self.reactor.process)  # type: ignore[attr-defined]

    def doRead(self) -> None:
        """Read what is there."""
        source = self.socket
        if source.error:
            super().doRead()  # type: ignore[misc]
            return
        received = self.protocol.datagramReceived  # type: ignore[attr-defined]
        read = 0
        while source.is_readable and read < self.maxThroughput:  # type: ignore[attr-defined]
            data, address = source.recvfrom(self.maxPacketSize)  # type: ignore[attr-defined]
            read += len(data)
            try:
                received(data, address)
            except BaseException:  # noqa: BLE001 - as Twisted does
                log.err()

    def write(self, datagram: bytes, addr: Address | None = None) -> None:
        """Write a datagram."""
        route = self.socket.routes.get(addr)
        # What Twisted checks of an address was checked when the route was found.
        if route is None or self._connectedAddr or type(datagram) is not bytes:  # type: ignore[attr-defined]
            super().write(datagram, addr)  # type: ignore[misc]
            return
        try:
            route.send(datagram)
        except OSError:
            super().write(datagram, addr)  # type: ignore[misc]


class SimulatedDatagramPort(_Quick, udp.Port):  # type: ignore[misc] # Twisted's own bases differ likewise
    """A UDP port."""


class SimulatedMulticastPort(_Quick, udp.MulticastPort):  # type: ignore[misc] # likewise
    """A UDP port that may join groups."""

    def createInternetSocket(self) -> Any:
        """Make a socket; others may be bound to its port if that is wanted."""
        made = super().createInternetSocket()
        if self.listenMultiple:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made
