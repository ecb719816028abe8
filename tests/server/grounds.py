"""An epoll reactor of a test's own, turned by hand, with stock or quick connections on it.

What a transport promises does not depend on how it sends, so tests of it are played on all `KINDS`.
"""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from zope.interface import implementer

from herd.server.transport import QuickTcp
from herd.server.turns import turn_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twisted.logger import LogEvent

KINDS: Final = ("stock", "quick", "quick, in our turns")
PATIENCE_S: Final = 5.0
MUCH: Final = bytes(range(256)) * 40_000
"""Ten megabytes: more than the kernel takes for somebody who does not read."""


@contextmanager
def errors_logged() -> Iterator[list[str]]:
    """Collect the names of the errors that the reactor logs, in Twisted's older way of logging."""
    names: list[str] = []

    def observe(event: LogEvent) -> None:
        if "failure" in event:
            names.append(event["failure"].type.__name__)

    observer: Any = observe
    globalLogPublisher.addObserver(observer)
    yield names
    globalLogPublisher.removeObserver(observer)


class Side(Protocol):
    """One end of a connection; what happens to it is told in `story`."""

    transport: Any

    def __init__(self) -> None:
        self.story: list[str] = []
        self.received = bytearray()
        self.on_data: Callable[[bytes], object] = len
        self.on_lost: Callable[[], object] = list

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.on_data(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.story.append(f"lost: {type(reason.value).__name__}")
        self.on_lost()


@implementer(IHalfCloseableProtocol)
class HalfCloseableSide(Side):
    """One that outlives the end of one direction."""

    def readConnectionLost(self) -> None:
        self.story.append("no more to read")

    def writeConnectionLost(self) -> None:
        self.story.append("no more to write")


class Ground:
    """The reactor, and what was made on it."""

    def __init__(self, kind: str) -> None:
        self.reactor: Any = EPollReactor()
        self.tcp: Any = self.reactor if kind == "stock" else QuickTcp(self.reactor)
        self.is_quick = kind != "stock"
        self.at_turn_end = turn_ends(self.reactor) if kind == KINDS[2] else partial(self.reactor.callLater, 0)
        self._open: list[Any] = []
        self._sides: list[Side] = []

    def turn(self, timeout_s: float = 0.0) -> None:
        """Make one turn of the reactor, which waits no longer than that for something to happen."""
        self.reactor.runUntilCurrent()
        due_s = self.reactor.timeout()
        self.reactor.doIteration(timeout_s if due_s is None else min(due_s, timeout_s))

    def turns(self, count: int = 5) -> None:
        """Make some turns: enough for all that the kernel knows of to be seen."""
        for _ in range(count):
            self.turn()

    def until(self, condition: Callable[[], object]) -> None:
        """Turn until something is so."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, "it did not come to that"
            self.turn(0.01)

    def listen(self, factory: Any) -> int:
        """Listen on loopback; return the port."""
        self._open.append(self.tcp.listenTCP(0, factory, interface="127.0.0.1"))
        return int(self._open[-1].getHost().port)

    def accept(self, side: Side | None = None, buffer_bytes: int | None = None) -> tuple[Any, socket.socket]:
        """Return a connected side and its peer, a bare socket that does not block."""
        ours = Side() if side is None else side
        self._sides.append(ours)
        port = self.listen(Factory.forProtocol(lambda: ours))
        peer = socket.socket()
        if buffer_bytes is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        peer.connect(("127.0.0.1", port))
        peer.settimeout(0)
        self._open.append(peer)
        self.until(lambda: ours.transport is not None)
        return ours, peer

    def pair(self, dialer: Side, acceptor: Side) -> None:
        """Connect two sides with each other."""
        self._sides += [dialer, acceptor]
        port = self.listen(Factory.forProtocol(lambda: acceptor))
        self.tcp.connectTCP("127.0.0.1", port, ClientFactory.forProtocol(lambda: dialer))
        self.until(lambda: dialer.transport is not None and acceptor.transport is not None)

    def read(self, peer: socket.socket, condition: Callable[[bytes], object]) -> bytes:
        """Turn, and read at the peer until what has come by then is as wanted, or the end has come."""
        came = b""
        is_ended = False

        def read_some() -> bool:
            nonlocal came, is_ended
            while not is_ended:
                try:
                    data = peer.recv(1 << 20)
                except BlockingIOError:
                    break
                came += data
                is_ended = not data
            return is_ended or bool(condition(came))

        self.until(read_some)
        return came

    def rest(self, peer: socket.socket) -> bytes:
        """Read at the peer to the end."""
        return self.read(peer, lambda _: False)

    def close(self) -> None:
        """Close whatever is open, and the reactor."""
        for each in self._open:
            if isinstance(each, socket.socket):
                each.close()
            else:
                each.stopListening()
        for side in self._sides:
            side.transport.abortConnection()
        self.turns()
        waker = self.reactor.waker
        assert self.reactor.getReaders() == [waker]
        self.reactor.removeReader(waker)
        waker.connectionLost(Failure(connectionDone.value))
        self.reactor._poller.close()
