"""Unix sockets: streams between programs of one host, at real paths among its files.

The file is a real socket's, made by `mknod`, so that a program may ask for it, change its mode and remove it.
Who listens there is known by the file's device and inode, as in a kernel, however a path is spelled. A
program that is killed leaves its file behind, and who connects to it is refused. As in Linux a connection
stands at once and what is written takes a moment; a name that begins with a zero byte needs no file.

Descriptors of files cannot be passed: a simulated process has none.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twisted.internet import unix

from herd.sim.engine import trace
from herd.sim.engine.pipes import Pipe
from herd.sim.engine.sockets import TcpSocket
from herd.sim.engine.streams import OPEN

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from herd.sim.engine.host import Host
    from herd.sim.engine.process import Process

_KIND: Final = "unix"
_MODE: Final = stat.S_IFSOCK | 0o777
_BOTH: Final = 2
_NO_PEER: Final = ("", 0)


def _key(path: str | bytes) -> str:
    """Return what a host knows the listener on a path by; an `OSError` if there is no socket."""
    name = os.fsdecode(path)
    if name.startswith("\0"):
        return name
    found = Path(name).stat()
    if not stat.S_ISSOCK(found.st_mode):
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    return f"{found.st_dev}:{found.st_ino}"


def is_listening(host: Host, path: str | bytes) -> bool:
    """Tell whether a program of a host listens on a path."""
    try:
        return host.bound(_KIND, _key(path), 1) is not None
    except OSError:
        return False


class UnixSocket(TcpSocket):
    """One end of a connection within a host, or a listener."""

    __slots__ = ("_dialed", "_key", "_path", "_peer_path")

    family = 1

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self._path: str | bytes = ""
        self._peer_path: str | bytes = ""
        self._key: str | None = None
        self._dialed: UnixSocket | None = None

    def getsockname(self) -> Any:
        """Return its path, "" if it has none."""
        return self._path

    def getpeername(self) -> Any:
        """Return the other end's path, "" if it has none."""
        super().getpeername()
        return self._peer_path

    def bind(self, address: Any) -> None:
        """Make a file, and be reached by it; an OSError as a kernel has it."""
        name = os.fsdecode(address)
        is_file = not name.startswith("\0")
        if is_file:
            try:
                os.mknod(name, _MODE)
            except FileExistsError:
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE)) from None
        key = _key(name)
        earlier = self.host.bound(_KIND, key, 1)
        if earlier is not None and is_file:  # its file is gone, and the inode is used again
            earlier.let_go_of_name()
        if self.host.bind(_KIND, key, 1, self) is None:
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        self._key = key
        self._path = name if is_file else os.fsencode(name)

    def accept(self) -> Any:
        """Return the next connection, and the path of its other end: it has none."""
        accepted, _ = super().accept()
        return accepted, ""

    def connect_ex(self, address: Any) -> int:
        """Connect, and tell how it went."""
        if self.peer is not None:
            return errno.EISCONN
        try:
            listener: UnixSocket | None = self.host.bound(_KIND, _key(address), 1)
        except OSError as error:
            return error.errno or errno.ECONNREFUSED
        if listener is None or not listener.is_listening:
            return errno.ECONNREFUSED
        if not listener.may_connect():
            # Linux says EAGAIN, and then that it hung up: Twisted has a `ConnectError` either way.
            return errno.ENOBUFS
        self._connect_to(listener)
        return 0

    def _connect_to(self, listener: UnixSocket) -> None:
        server = UnixSocket(listener.process)
        server._dialed = listener
        server._path = self._peer_path = listener._path
        server.peer = self.peer = _NO_PEER
        link = self.simulation.network.link(self.host, self.host)
        flow = self.simulation.flow()
        outgoing = Pipe(self, server, link, link, flow)
        incoming = Pipe(server, self, link, link, flow)
        self.host.record(trace.CONNECT, self.host, flow, 0)
        server.connected(incoming, outgoing)
        self.connected(outgoing, incoming)
        self.host.record(trace.CONNECTED, self.host, flow, 0)
        listener.offer(server)
        outgoing.push(OPEN)

    def _opened(self) -> None:
        if self._dialed is not None:
            self._dialed.wake()

    def recvmsg(
        self, size: int, _ancillary_size: int = 0, _flags: int = 0
    ) -> tuple[bytes, list[Any], int, Any]:
        """Read what is there, as Twisted's transports do; there are no descriptors with it."""
        return self.recv(size), [], 0, None

    def sendmsg(self, *_args: object) -> int:
        """Refuse to pass a descriptor."""
        raise OSError(errno.EOPNOTSUPP, "a simulated process has no file descriptors to pass")

    def shutdown(self, how: int) -> None:
        """Close the direction to the other end (1), or both (2).

        With data unread both end by a reset, in `close`.
        """
        if how != _BOTH or not self.unread:
            super().shutdown(how)

    def close(self) -> None:
        """Let go; the file stays. Only data unread resets the connection: there is nothing to linger for."""
        self.let_go_of_name()
        self._reset_on_close = False
        super().close()

    def let_go_of_name(self) -> None:
        """Be reached by nobody any more."""
        if self._key is not None:
            self.host.unbind(_KIND, self._key, 1, self)
            self._key = None


class _Traced:
    """Tells the trace when a program learns of the end."""

    reads_at_once = 0  # Twisted looks for file descriptors in what it reads

    def connectionLost(self, reason: Failure) -> None:
        """Tell the trace, then the protocol."""
        if hasattr(self, "socket") and self.connected:  # type: ignore[attr-defined]
            self.socket.tell_gone(type(reason.value).__name__)
        super().connectionLost(reason)  # type: ignore[misc]


class UnixServer(_Traced, unix.Server):
    """A server's side of a connection."""


class UnixClient(_Traced, unix.Client):
    """A client's side of a connection."""

    def createInternetSocket(self) -> Any:
        """Make a socket."""
        return UnixSocket(self.connector.reactor.process)


class UnixPort(unix.Port):
    """A listening port."""

    transport = UnixServer

    def createInternetSocket(self) -> Any:
        """Make a socket."""
        return UnixSocket(self.reactor.process)  # type: ignore[attr-defined]


class UnixConnector(unix.Connector):
    """What connects a client, and may be asked to do so again."""

    def _makeTransport(self) -> Any:
        return UnixClient(self.address, self, self.reactor, self.checkPID)
