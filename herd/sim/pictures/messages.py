"""Which arrival belongs to which sending.

A trace tells what happened at each host, one event at a time. This puts the two ends of a message together:

- TCP carries a stream of bytes, cut and joined at will. What a host sends on a connection is numbered byte by
  byte, and so is what arrives: a delivery belongs to each segment with which it shares bytes. What was not
  delivered when the receiver left the connection is lost.
- CONNECT and CONNECTED are the way to the server and back, CONNECTED and ACCEPT the way to the program
  there (or CONNECT and ACCEPT, then ACCEPT and CONNECTED, if the program there hears of it first). A refused
  attempt comes back too. A connection is closed by FIN or RESET, which the other end learns by GONE.
- A datagram has a number, which all its copies share.
- LOST is an attempt to bring a segment over; the segment itself arrives later.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, frozen

from herd.sim.engine.trace import Kind
from herd.sim.engine.tracefile import Event

if TYPE_CHECKING:
    from collections.abc import Callable


class Fate(Enum):
    """What became of a message."""

    ARRIVED = "arrived"
    REFUSED = "refused"
    LOST = "lost"
    OPEN = "on its way"


@frozen
class Message:
    """Something that went from one host to another.

    `arrived` is the event of its arrival, None if there was none. An attempt to connect whose end the
    client learned (CONNECTED, REFUSED, TIMED_OUT) has both ends at the client. `size` is how many bytes of
    `sent` arrived together, and `begins` tells that the first byte of `sent` is among them.
    """

    sent: Event
    arrived: Event | None
    fate: Fate
    size: int = 0
    begins: bool = True

    @property
    def receiver(self) -> str:
        """Whom it reached, or for whom it was meant; empty for a datagram to many that reached nobody."""
        if self.arrived is not None and self.arrived.host != self.sent.host:
            return self.arrived.host
        return self.sent.peer


@define
class _Segment:
    """A segment on its way: how many of its bytes have not arrived."""

    sent: Event
    left: int


@define
class _Datagram:
    sent: Event
    known: bool = False


_End: TypeAlias = tuple[int, str]
"""A connection, and one of its two hosts."""


class Matcher:
    """Feed it the events of a trace in order: it returns the messages that each event ends."""

    def __init__(self) -> None:
        self._opening: dict[int, Event] = {}
        self._answered: dict[int, Event] = {}
        self._closing: dict[_End, Event] = {}
        self._left: set[_End] = set()
        self._streams: dict[_End, deque[_Segment]] = {}
        self._datagrams: dict[int, _Datagram] = {}
        self._handlers: dict[Kind, Callable[[Event], list[Message]]] = {
            Kind.CONNECT: self._connect,
            Kind.ACCEPT: self._answer,
            Kind.CONNECTED: self._answer,
            Kind.REFUSED: self._fail,
            Kind.TIMED_OUT: self._fail,
            Kind.SEND: self._send,
            Kind.DELIVER: self._deliver,
            Kind.LOST: self._lose,
            Kind.FIN: self._close,
            Kind.RESET: self._close,
            Kind.GONE: self._gone,
            Kind.DATAGRAM: self._datagram,
            Kind.DATAGRAM_IN: self._datagram_in,
            Kind.DATAGRAM_LOST: self._datagram_lost,
        }

    def feed(self, event: Event) -> list[Message]:
        """Take the next event; return the messages that arrive by it, or are lost."""
        handler = self._handlers.get(event.kind)
        return handler(event) if handler else []

    def rest(self) -> list[Message]:
        """Return the messages that are still on their way, in the order in which they were sent."""
        sent = [
            *(Message(event, None, Fate.OPEN) for event in self._opening.values()),
            *(_unread(segment, Fate.OPEN) for stream in self._streams.values() for segment in stream),
            *(
                Message(datagram.sent, None, Fate.OPEN, datagram.sent.size)
                for datagram in self._datagrams.values()
                if not datagram.known
            ),
        ]
        return sorted(sent, key=lambda message: message.sent.number)

    def _connect(self, event: Event) -> list[Message]:
        self._opening[event.flow] = event
        return []

    def _answer(self, event: Event) -> list[Message]:
        # Whichever end hears first, its event ends the one before and is ended by the next.
        before = self._opening.pop(event.flow, None)
        if before is not None:
            self._answered[event.flow] = event
        else:
            before = self._answered.pop(event.flow, None)
        return [] if before is None else [Message(before, event, Fate.ARRIVED)]

    def _fail(self, event: Event) -> list[Message]:
        opening = self._opening.pop(event.flow, None)
        if opening is None:
            return []
        return [Message(opening, event, Fate.REFUSED if event.kind is Kind.REFUSED else Fate.LOST)]

    def _send(self, event: Event) -> list[Message]:
        if (event.flow, event.peer) in self._left:
            return [Message(event, None, Fate.LOST, event.size)]
        self._streams.setdefault((event.flow, event.host), deque()).append(_Segment(event, event.size))
        return []

    def _deliver(self, event: Event) -> list[Message]:
        stream = self._streams.get((event.flow, event.peer))
        left = event.size
        found = []
        while stream and left > 0:
            segment = stream[0]
            size = min(left, segment.left)
            begins = segment.left == segment.sent.size
            found.append(Message(segment.sent, event, Fate.ARRIVED, size, begins))
            left -= size
            segment.left -= size
            if segment.left <= 0:
                stream.popleft()
        return found

    def _lose(self, event: Event) -> list[Message]:
        return [Message(event, None, Fate.LOST, event.size)]

    def _close(self, event: Event) -> list[Message]:
        self._closing.setdefault((event.flow, event.host), event)
        return self._leave(event) if event.kind is Kind.RESET else []

    def _gone(self, event: Event) -> list[Message]:
        found = self._leave(event)
        closing = self._closing.pop((event.flow, event.peer), None)
        own = self._closing.get((event.flow, event.host))
        # Whoever resets a connection loses it by its own deed, whatever the other end has sent.
        if closing is not None and not (own and own.kind is Kind.RESET):
            found.append(Message(closing, event, Fate.ARRIVED))
        return found

    def _leave(self, event: Event) -> list[Message]:
        """Return what the host of the event will never read: all that its peer has sent on the connection."""
        self._left.add((event.flow, event.host))
        return [_unread(segment, Fate.LOST) for segment in self._streams.pop((event.flow, event.peer), ())]

    def _datagram(self, event: Event) -> list[Message]:
        self._datagrams[event.flow] = _Datagram(event)
        return []

    def _datagram_in(self, event: Event) -> list[Message]:
        datagram = self._datagrams.get(event.flow)
        if datagram is None:
            return []
        datagram.known = True
        return [Message(datagram.sent, event, Fate.ARRIVED, event.size)]

    def _datagram_lost(self, event: Event) -> list[Message]:
        datagram = self._datagrams.get(event.flow)
        if datagram is not None:
            datagram.known = True
        return [Message(datagram.sent if datagram else event, None, Fate.LOST, event.size)]


def _unread(segment: _Segment, fate: Fate) -> Message:
    return Message(segment.sent, None, fate, segment.left, segment.left == segment.sent.size)
