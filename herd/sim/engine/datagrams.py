"""UDP sockets of simulated kernels, with the calls that Twisted's own `udp.Port` makes.

A datagram arrives or it does not, twice, late, or damaged, as its link's profile has it. At the other end it
waits in a buffer of 208 KiB, where a kernel counts the memory that it takes and not its length; what finds no
room there is lost. A connected socket hears of its own peer alone, and of a port where nobody is.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import trace
from herd.sim.engine.datagramoptions import DatagramOptions
from herd.sim.engine.datagramroutes import Route, is_shared_address
from herd.sim.engine.native import PlainSocket
from herd.sim.engine.oserrors import check_port, os_error
from herd.sim.engine.plaindatagrams import MAX_BYTES

if TYPE_CHECKING:
    from herd.sim.engine.host import Host
    from herd.sim.engine.plaindatagrams import Address
    from herd.sim.engine.process import Process

_ANY: Final = "0.0.0.0"  # noqa: S104 - the address of all interfaces
_LOOPBACK: Final = "127.0.0.1"
_BROADCAST: Final = "255.255.255.255"
_BUFFER_HEAD: Final = 256
_SMALLEST_BUFFER: Final = 832
_BUFFER_ROOM: Final = 399


def buffer_bytes(size: int) -> int:
    """Return what a datagram of `size` bytes takes of a receive buffer, as measured with Linux 6.18.

    A kernel keeps it, its headers and its own notes in a piece of memory whose size is a power of two.
    """
    return max(_SMALLEST_BUFFER, _BUFFER_HEAD + (1 << (size + _BUFFER_ROOM).bit_length()))


class DatagramSocket(PlainSocket):
    """One UDP socket."""

    __slots__ = ("_bound", "_held", "is_polled", "local", "options", "routes", "writer")

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self.writer: Any = None
        self.is_polled = False
        """Whether the reactor is about to look at it anyway."""
        self.local: Address = (_ANY, 0)
        self.options = DatagramOptions(self)
        self.routes: dict[Address, Route] = {}
        """Where it has sent to."""
        self._bound: Address | None = None
        self._held = 0
        process.reactor.sockets[self] = None

    def setblocking(self, flag: object) -> None:
        """Accept: a simulated socket never blocks."""

    def fileno(self) -> int:
        """Return a number above 0, or -1 when closed."""
        return -1 if self.is_closed else 3

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """Set an option; an OSError as a kernel has it."""
        self.options.set(level, option, value)

    def getsockopt(self, level: int, option: int, _size: int = 0) -> Any:
        """Return an option."""
        return self.options.get(level, option)

    def getsockname(self) -> Address:
        """Return its address."""
        return self.local

    # Binding.

    def bind(self, address: Address) -> None:
        """Take an address and port; an OSError as a kernel has it."""
        interface, port = address
        check_port("bind", port)
        interface = "" if interface == _ANY else interface
        if interface and not self.host.is_own(interface) and not is_shared_address(interface):
            raise os_error(errno.EADDRNOTAVAIL)
        first = self.host.bound("udp", interface, port) if port and self.options.may_share else None
        if first is not None and first.options.may_share:
            first.sharing.append(self)
        else:
            taken = self.host.bind("udp", interface, port, self)
            if taken is None:
                raise os_error(errno.EADDRINUSE)
            port = taken
        self._bound = (interface, port)
        self.local = (interface or _ANY, port)

    def connect(self, address: Address) -> None:
        """Send to one peer from now on, and hear of it alone."""
        check_port("connect", address[1])
        self._bind_if_needed()
        if self.local[0] == _ANY:
            self.local = (self._source(address[0]), self.local[1])
            self.routes.clear()
        self.peer = (address[0], address[1])

    def _bind_if_needed(self) -> None:
        if self._bound is None:
            self.bind(("", 0))

    def _source(self, target: str) -> str:
        """Return the address that datagrams to a target come from."""
        if self.local[0] == _ANY or is_shared_address(self.local[0]):
            return _LOOPBACK if target.startswith("127.") else self.host.address
        return self.local[0]

    # Sending.

    def send(self, data: bytes) -> int:
        """Send a datagram to the peer; a ConnectionRefusedError if the last one has found nobody."""
        if self.error:
            error, self.error = self.error, 0
            raise os_error(error)
        if self.peer is None:
            raise os_error(errno.EDESTADDRREQ)
        return self.sendto(data, self.peer)

    def sendto(self, data: bytes, address: Address) -> int:
        """Send a datagram; returns its size."""
        if type(data) is not bytes:
            data = memoryview(data).tobytes()
        route = self.routes.get(address)
        if route is not None:
            route.send(data)
        elif len(data) > MAX_BYTES:
            raise os_error(errno.EMSGSIZE)
        else:
            self._send_first(data, address)
        return len(data)

    def _send_first(self, data: bytes, address: Address) -> None:
        """Find out where an address is, and send there."""
        target, port = address
        check_port("sendto", port)
        if port == 0:
            raise os_error(errno.EINVAL)
        target = {"<broadcast>": _BROADCAST, _ANY: _LOOPBACK}.get(target, target)
        self._bind_if_needed()
        source = (self._source(target), self.local[1])
        if is_shared_address(target):
            self._send_to_many(data, source, target, port)
            return
        host = self.host.reach(target)
        if source[0].startswith("127.") and host is not self.host:
            raise os_error(errno.EINVAL)
        if host is None:
            flow = self.simulation.flow()
            self.host.record(trace.DATAGRAM, None, flow, len(data), data)
            self.host.record(trace.DATAGRAM_LOST, None, flow, len(data))
            return
        link = self.simulation.network.link(self.host, host)
        route = self.routes[address] = Route(self, link, source, target, port)
        route.send(data)

    def _send_to_many(self, data: bytes, source: Address, target: str, port: int) -> None:
        """Send to all hosts, or to the members of a group."""
        if target == _BROADCAST:
            if not self.options.may_broadcast:
                raise os_error(errno.EACCES)
            hosts = list(self.simulation.hosts.values())
        else:
            hosts = self.options.hosts_of_group(target)
        flow = self.simulation.flow()
        self.host.record(trace.DATAGRAM, None, flow, len(data), data)
        for host in hosts:
            link = self.simulation.network.link(self.host, host)
            Route(self, link, source, target, port).transmit(flow, data)

    # Receiving.

    @property
    def is_readable(self) -> bool:
        """Whether reading would tell something."""
        return bool(self.inbox or self.error)

    @property
    def has_waiting(self) -> bool:
        """Whether a datagram waits to be read."""
        return bool(self.inbox)

    @property
    def is_writable(self) -> bool:
        """Whether writing would not be put off: it never is."""
        return True

    def take(self, data: bytes, source: Address, flow: int, sender: Host) -> bool:
        """Take a datagram that has arrived, and hand it on at once if its program waits.

        Returns whether there was room for it.
        """
        if self.reader is not None and not (self.inbox or self.error or self.process.halted):
            self.process.become_current()
            if self.simulation.trace is not None:
                self.host.record(trace.DATAGRAM_IN, sender, flow, len(data), data)
            self.reader.deliver(data, source)
            return True
        if self._held > self.options.buffer_limit:
            return False
        self._held += buffer_bytes(len(data))
        self.inbox.append((data, source, flow, sender))
        return True

    def refused(self, address: Address) -> None:
        """Hear from another kernel that nobody is at an address."""
        if not self.is_closed and self.peer == address:
            self.error = errno.ECONNREFUSED
            if self.reader is not None and not self.process.halted:
                self.process.reactor.read_ready(self)

    def recvfrom(self, size: int) -> tuple[bytes, Address]:
        """Return the next datagram, cut to `size` bytes, and where it comes from."""
        if self.error:
            error, self.error = self.error, 0
            raise os_error(error)
        inbox = self.inbox
        if not inbox:
            raise os_error(errno.EWOULDBLOCK)
        data, source, flow, sender = inbox.pop(0)
        self._held -= buffer_bytes(len(data))
        if self.simulation.trace is not None:
            self.host.record(trace.DATAGRAM_IN, sender, flow, len(data), data)
        return (data if len(data) <= size else data[:size]), source

    # The end.

    def close(self) -> None:
        """Let go of the port; what waits unread is lost."""
        self.process.reactor.sockets.pop(self, None)
        self.vanish()
        if self._bound is None:
            return
        interface, port = self._bound
        first: DatagramSocket | None = self.host.bound("udp", interface, port)
        if first is self:
            self.host.unbind("udp", interface, port, self)
            if self.sharing:
                heir, *heir.sharing = self.sharing
                self.host.bind("udp", interface, port, heir)
        elif first is not None and self in first.sharing:
            first.sharing.remove(self)

    def vanish(self) -> None:
        """Be lost with the host's power."""
        self.is_closed = True
        self.inbox.clear()
        self.options.leave_all()
