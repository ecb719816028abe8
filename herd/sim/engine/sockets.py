"""TCP sockets of simulated kernels, with the calls that Twisted's own transports make.

Twisted's `tcp.Port`, `tcp.Server` and `tcp.Client` run on these as on real ones: what a transport promises of
closing, aborting, half-closing, TLS and producers is kept by Twisted's own code. Here is what the kernel
does. A socket that is closed with unread data resets the connection; one that gets data when it is closed
does too.
"""

from __future__ import annotations

import errno
from collections import deque
from typing import TYPE_CHECKING, Final

from herd.sim.engine import trace
from herd.sim.engine.dialing import Dialing
from herd.sim.engine.oserrors import check_port, os_error
from herd.sim.engine.pipes import taken
from herd.sim.engine.streamoptions import StreamOptions
from herd.sim.engine.streams import (
    CLOSED,
    CONNECTED,
    CONNECTING,
    FIN,
    GONE,
    LISTENING,
    OPEN,
    RESET,
    Segment,
)

if TYPE_CHECKING:
    from herd.sim.engine.pipes import Pipe
    from herd.sim.engine.process import Process

_ANY: Final = "0.0.0.0"  # noqa: S104 - the address of all interfaces
_LOOPBACK: Final = "127.0.0.1"
_WRITE: Final = 1
_BOTH: Final = 2


class TcpSocket(StreamOptions):
    """One end of a connection, or a listener."""

    __slots__ = ("_accepting", "_backlog", "_bound", "_dialing")

    family = 2

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self._bound: tuple[str, int] | None = None
        self._backlog = 0
        self._accepting: deque[TcpSocket] | None = None
        self._dialing: Dialing | None = None
        process.reactor.sockets[self] = None

    def fileno(self) -> int:
        """Return a number above 0, or -1 when the program has closed it: not when the network has."""
        return 3 if self in self.process.reactor.sockets else -1

    # Listening.

    def bind(self, address: tuple[str, int]) -> None:
        """Take an address and port; an OSError as a kernel has it."""
        interface, port = address[:2]
        check_port("bind", port)
        if interface == _ANY:
            interface = ""
        if interface and not self.host.is_own(interface):
            raise os_error(errno.EADDRNOTAVAIL)
        taken = self.host.bind("tcp", interface, port, self)
        if taken is None:
            raise os_error(errno.EADDRINUSE)
        self._bound = (interface, taken)
        self.local = (interface or _ANY, taken)

    def listen(self, backlog: int) -> None:
        """Let others connect."""
        self.state = LISTENING
        self._backlog = max(backlog, 1)
        self._accepting = deque()

    def accept(self) -> tuple[TcpSocket, tuple[str, int]]:
        """Return the next connection and its peer's address."""
        if not self._accepting:
            raise os_error(errno.EWOULDBLOCK)
        accepted = self._accepting.popleft()
        assert accepted.peer is not None
        accepted.tell_accepted()
        return accepted, accepted.peer

    def tell_accepted(self) -> None:
        """Put into the trace that the server's program has the connection."""
        if self.incoming is not None:
            self.host.record(trace.ACCEPT, self.incoming.source.host, self.incoming.flow, 0)

    def may_connect(self) -> bool:
        """Tell whether a listener takes one more connection."""
        return self._accepting is not None and len(self._accepting) <= self._backlog

    @property
    def is_listening(self) -> bool:
        """Whether it is a listener."""
        return self.state == LISTENING

    # Connecting.

    def connect_ex(self, address: tuple[str | bytes, int]) -> int:
        """Begin to connect, or tell how it went."""
        if self.state == CONNECTED:
            return errno.EISCONN
        if self.state == CONNECTING:
            return errno.EALREADY
        target, port = address[:2]
        check_port("connect_ex", port)
        if isinstance(target, bytes):
            target = target.decode("ascii")
        if target in {"", _ANY}:
            target = _LOOPBACK  # as Linux does
        self.state = CONNECTING
        self.peer = (target, port)
        if self.local[1] == 0:
            own = target if target.startswith("127.") else self.host.address
            self.local = (own, self.host.ephemeral())
        self._dialing = Dialing(self, target, port)
        self._dialing.begin()
        return errno.EINPROGRESS

    def connected(self, outgoing: Pipe, incoming: Pipe) -> None:
        """Take the pipes of a connection that stands."""
        self.state = CONNECTED
        self.connect_pipes(outgoing, incoming)
        self._dialing = None

    def tell_connected(self) -> None:
        """Let the program know that it is connected."""
        self._tell_writer()

    def failed(self, error: int) -> None:
        """End a connection attempt with an error."""
        if self.state == CONNECTING:
            self.state = GONE
            self.error = error
            self._dialing = None
            self._tell_writer()

    @property
    def is_connecting(self) -> bool:
        """Whether the attempt goes on."""
        return self.state == CONNECTING

    # Data.

    def recv(self, size: int) -> bytes:
        """Read what is there, at most `size` bytes; b"" at the end."""
        inbox = self.inbox
        if inbox:
            data = inbox.pop() if len(inbox) == 1 and len(inbox[0]) <= size else taken(inbox, size)
            self.unread -= len(data)
            self.note_read(data)
            return data
        if self.error:
            raise os_error(self.error)
        if self.eof:
            return b""
        raise os_error(errno.EWOULDBLOCK)

    def send(self, data: bytes | memoryview) -> int:
        """Write as much as there is room for; returns how many bytes."""
        if self.error:
            raise os_error(self.error)
        outgoing = self.outgoing
        if self.fin_sent or outgoing is None:
            raise os_error(errno.EPIPE)
        size = len(data)
        if not size:  # Twisted writes what is left before it closes: an empty segment would be read as an end
            return 0
        room = outgoing.room
        if room <= 0:
            raise os_error(errno.EWOULDBLOCK)
        outgoing.write(bytes(data) if size <= room else bytes(data[:room]))
        self.is_waiting = outgoing.outstanding > outgoing.comfort
        return min(size, room)

    def has_room(self) -> None:
        """Hear from the other kernel that it has taken something."""
        outgoing = self.outgoing
        if self.is_waiting and outgoing is not None and outgoing.outstanding <= outgoing.comfort:
            self.is_waiting = False
            self._tell_writer()

    def tell_gone(self, reason: str) -> None:
        """Put into the trace that the program learns of the end."""
        if self.incoming is not None:
            host = self.incoming.source.host
            self.host.record(trace.GONE, host, self.incoming.flow, 0, reason.encode())

    @property
    def is_readable(self) -> bool:
        """Whether reading would tell something."""
        return bool(self.inbox or self.eof or self.error or self._accepting)

    @property
    def is_writable(self) -> bool:
        """Whether writing would not be put off."""
        outgoing = self.outgoing
        if outgoing is None:
            return self.state != CONNECTING
        return outgoing.outstanding <= outgoing.comfort or self.error != 0

    @property
    def is_gone(self) -> bool:
        """Whether the kernel has forgotten the connection."""
        return self.state == GONE

    # Closing.

    def shutdown(self, how: int) -> None:
        """Close the direction to the other end (1), or both (2)."""
        if self.outgoing is None:
            raise os_error(errno.ENOTCONN)
        if how in {_WRITE, _BOTH}:
            self._send_fin()

    def close(self) -> None:
        """Let go: a listener refuses from now on, a connection ends in order, or by a reset."""
        self.process.reactor.sockets.pop(self, None)
        if self._bound is not None:
            self.host.unbind("tcp", *self._bound, self)
            self._bound = None
        if self._accepting is not None:
            waiting, self._accepting = self._accepting, None
            for each in waiting:
                each.reset()
        if self.state == CONNECTED:
            if self.unread or self._reset_on_close:
                self.reset()
            else:
                self._send_fin()
                self.state = CLOSED
        else:
            self.state = GONE

    def reset(self) -> None:
        """End the connection with a reset."""
        if self.outgoing is not None and self.state != GONE:
            self.outgoing.push(RESET)
        self.state = GONE

    def vanish(self) -> None:
        """Be lost with the host's power: no packet tells of it."""
        self.state = GONE
        self._bound = None

    def time_out(self) -> None:
        """Give the connection up, for nothing was acknowledged for a quarter of an hour."""
        self.state = GONE
        self.error = errno.ETIMEDOUT
        self._tell_both()

    def _send_fin(self) -> None:
        if not self.fin_sent and self.outgoing is not None and self.state == CONNECTED:
            self.fin_sent = True
            self.outgoing.push(FIN)

    # What the network brings.

    def take_otherwise(self, segment: Segment) -> None:
        """Take what is no data, or cannot be read at once."""
        if isinstance(segment, bytes):
            if self.state >= CLOSED:
                self._refuse()
            else:
                self.inbox.append(segment)
                self.unread += len(segment)
                self._tell_reader()
        elif segment == FIN:
            self.eof = True
            self._tell_reader()
        elif segment == RESET:
            self.state = GONE
            self.error = errno.ECONNRESET
            self._tell_both()
        elif segment == OPEN:
            self._opened()

    def take_later(self, segment: bytes, delay_ns: int) -> None:
        """Take data, but let the program notice it only later."""
        if self.state >= CLOSED:
            self._refuse()
            return
        self.inbox.append(segment)
        self.unread += len(segment)
        self.simulation.schedule(self.simulation.now_ns + delay_ns, self.host, self._tell_reader)

    def _opened(self) -> None:
        """Stand in the queue of the listener, at the end of the handshake."""
        listener = self._listener()
        if self.process.exit_code is not None or listener is None or not listener.offer(self):
            self.reset()
        else:
            listener.wake()

    def _listener(self) -> TcpSocket | None:
        """Return who listens where this connection came in."""
        found: TcpSocket | None = self.host.bound("tcp", *self.local)
        return found

    def offer(self, connection: TcpSocket) -> bool:
        """Put a connection into the queue of a listener; returns whether it is one."""
        if self._accepting is None:
            return False
        self._accepting.append(connection)
        return True

    def wake(self) -> None:
        """Let the program of a listener look at the queue."""
        self._tell_reader()

    def _refuse(self) -> None:
        """Answer data for a socket that nobody holds any more."""
        outgoing = self.outgoing
        self.state = GONE
        # Once, unless it may have been lost.
        if outgoing is not None and (outgoing.is_broken or not self._reset_on_close):
            self._reset_on_close = True
            outgoing.push(RESET)

    def _tell_reader(self) -> None:
        if self.reader is not None and not self.process.halted:
            self.process.reactor.read_ready(self)

    def _tell_writer(self) -> None:
        if self.writer is not None and not self.process.halted:
            self.process.reactor.write_ready(self)

    def _tell_both(self) -> None:
        if self.reader is not None:
            self._tell_reader()
        else:
            self._tell_writer()
