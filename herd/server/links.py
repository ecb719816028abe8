"""One connection between two neighbors: handshake first, then records both ways.

The handshake is `core.handshake`'s and the messages `core.linkwire`'s. A stranger gets nothing but a close,
and a line in the log. When the handshake is done the connection is handed to its `Neighbor`, which decides
whether it becomes *the* link (there is one per pair, whoever dialed) and what is written on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define
from twisted.internet.interfaces import IAddress, IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from zope.interface import implementer

from herd.core.errors import LinkError
from herd.core.handshake import HANDSHAKE_LINE_BYTES, Handshake, Identity, State
from herd.core.limits import Limits
from herd.core.linkwire import LinkParser, rows_of
from herd.core.wire import lines_of
from herd.server.addresses import address_text
from herd.server.eventlog import EventLog, Peer
from herd.server.tls import check_peer
from herd.server.world import World

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall
    from twisted.internet.tcp import Connection
    from twisted.python.failure import Failure

    from herd.server.neighbor import Neighbor
    from herd.server.neighbors import Neighbors

_CLOSE_S: Final = 2.0
"""How long a link that is closed may take to send what was written: a stuck one would stay for ever."""


@define(eq=False)
class LinkContext:
    """What all links of a server share; `limits` may be replaced."""

    identity: Identity
    limits: Limits
    log: EventLog
    world: World
    has_tls: bool = False
    """Whether links are `tls:`, so that certificates tell who a peer is."""


@implementer(IPushProducer)
class LinkConnection(Protocol):
    """One connection on a link port, or one that was dialed to a neighbor's."""

    transport: Connection

    def __init__(
        self, context: LinkContext, neighbors: Neighbors, handshake: Handshake, expected: Neighbor | None
    ) -> None:
        self.handshake = handshake
        self.is_writable = True
        self._context = context
        self._neighbors = neighbors
        self._number = self._stranger_number = 0
        self._expected = expected
        self._neighbor: Neighbor | None = None
        self._parser = LinkParser(context.limits)
        self._handshake_rest = b""
        self._peer = Peer("link", "?")
        self._timer: IDelayedCall | None = None
        self._is_closing = False
        self._refusal: str | None = None

    def connectionMade(self) -> None:
        """Begin the handshake."""
        self._peer = Peer("link", address_text(self.transport.getPeer()))
        self._number = self._neighbors.connections.add(self)
        if self._expected is None:
            self._stranger_number = self._neighbors.admit(self)
        self._context.log.opened(self._peer)
        self.transport.setTcpNoDelay(True)
        self._timer = self._context.world.reactor.callLater(
            self._context.limits.handshake_timeout_s, self.refuse, "did not show in time who it is"
        )
        self.transport.write(self.handshake.start())

    def dataReceived(self, data: bytes) -> None:
        """Take a chunk of input."""
        if self._is_closing:
            return
        try:
            if self._neighbor is None:
                data = self._shake_hands(data)
            if data and self._neighbor is not None and not self._is_closing:
                self._take(self._neighbor, self._parser.frame(data))
        except LinkError as error:
            self.refuse(str(error))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the neighbor that this link is over."""
        self._is_closing = True
        self._stop_timer()
        self._context.log.closed(self._peer, reason.getErrorMessage())
        neighbor, self._neighbor = self._neighbor or self._expected, None
        if neighbor is not None:
            neighbor.lost(self, self._refusal or reason.getErrorMessage())
        self._neighbors.connections.remove(self._number)
        self._neighbors.strangers.remove(self._stranger_number)

    def pauseProducing(self) -> None:
        """Stop writing: the neighbor does not read."""
        self.is_writable = False

    def resumeProducing(self) -> None:
        """Go on writing: the neighbor reads again."""
        self.is_writable = True
        if self._neighbor is not None:
            self._neighbors.schedule_flush()

    def stopProducing(self) -> None:
        """Do nothing: `connectionLost` follows."""

    @property
    def has_shaken_hands(self) -> bool:
        """Tell whether it is known who is at the other end."""
        return self._neighbor is not None

    def write(self, records: bytes, control: list[bytes]) -> None:
        """Write lines of records, and other messages without their endings, in one piece.

        Heartbeats are not worth a log line.
        """
        if self._context.log.lines:
            self._context.log.sent(self._peer, lines_of(records))
        self.transport.write(records + b"\n".join([*control, b""]))

    def refuse(self, reason: str) -> None:
        """Close at once because the peer broke a rule."""
        if not self._is_closing:
            self._is_closing = True
            self._refusal = reason
            self._neighbors.strangers.remove(self._stranger_number)
            self._context.log.refused(self._peer, reason)
            self.transport.abortConnection()

    def close(self) -> None:
        """Close once all that was written has gone out; what still comes in is for nobody."""
        if not self._is_closing:
            self._is_closing = True
            self._timer = self._context.world.reactor.callLater(_CLOSE_S, self.abort)
            self.transport.unregisterProducer()
            self.transport.loseConnection()

    def abort(self) -> None:
        """Close at once."""
        self.transport.abortConnection()

    def _shake_hands(self, data: bytes) -> bytes:
        """Take the handshake's lines; return what follows them."""
        data = self._handshake_rest + data
        while self.handshake.state is not State.DONE:
            line, newline, rest = data.partition(b"\n")
            if len(line) > HANDSHAKE_LINE_BYTES:
                raise LinkError("the handshake is too long")
            if not newline:
                self._handshake_rest = data
                return b""
            self._context.log.got(self._peer, [line])
            reply = self.handshake.receive(line)
            if self._context.has_tls and self.handshake.peer is not None:
                check_peer(self.transport, self.handshake.peer)
            self.transport.write(reply)
            data = rest
        self._handshake_rest = b""
        self._stop_timer()
        self._neighbors.strangers.remove(self._stranger_number)
        assert self.handshake.peer is not None
        self._peer = Peer("link", f"{self.handshake.peer} {self._peer.address}")
        self.transport.registerProducer(self, streaming=True)
        if self.handshake.peer not in self._neighbors.names:
            raise LinkError(f"says it is {self.handshake.peer!r}, which is no neighbor any more")
        self._neighbor = self._neighbors[self.handshake.peer]
        self._neighbor.attach(self)
        return data

    def _take(self, neighbor: Neighbor, lines: bytes) -> None:
        """Take whole lines: in one go where all are records, as they mostly are, else row by row."""
        if not lines or self._take_at_once(neighbor, lines):
            return
        log = self._context.log
        for row in rows_of(lines):
            if len(row) < len(lines) and self._take_at_once(neighbor, row):
                continue
            for message in self._parser.parse(row):
                if log.lines and isinstance(message, list):
                    log.got(self._peer, [line for line, _ in message])
                neighbor.take(message)

    def _take_at_once(self, neighbor: Neighbor, lines: bytes) -> bool:
        """Take lines that are all records; tell whether they were."""
        parser, log = self._parser, self._context.log
        if not neighbor.take_lines(lines, parser.longest_id, parser.longest_line):
            return False
        if log.lines:
            log.got(self._peer, lines_of(lines))
        return True

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None


class LinkFactory(Factory):
    """Makes link connections: dialers to the neighbor that is `expected`, or acceptors for any neighbor."""

    noisy = False

    def __init__(self, context: LinkContext, neighbors: Neighbors, expected: Neighbor | None = None) -> None:
        self._context = context
        self._neighbors = neighbors
        self._expected = expected

    def buildProtocol(self, addr: IAddress | None) -> LinkConnection:
        """Make a connection with a fresh nonce."""
        context, expected = self._context, self._expected
        handshake = Handshake(
            "acceptor" if expected is None else "dialer",
            context.identity,
            self._neighbors.names if expected is None else [expected.name],
            context.world.token(),
        )
        return LinkConnection(context, self._neighbors, handshake, expected)
