"""An event in words: what every picture says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine.trace import Kind
from herd.sim.engine.tracefile import NS_PER_S

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import Event

_PAYLOAD: Final = frozenset(
    {
        Kind.SEND,
        Kind.DELIVER,
        Kind.LOST,
        Kind.DATAGRAM,
        Kind.DATAGRAM_IN,
        Kind.DATAGRAM_LOST,
    }
)
_INBOUND: Final = frozenset(
    {
        Kind.CONNECTED,
        Kind.ACCEPT,
        Kind.REFUSED,
        Kind.TIMED_OUT,
        Kind.DELIVER,
        Kind.GONE,
        Kind.DATAGRAM_IN,
    }
)
_NS_PER_US: Final = 1000


def seconds(time_ns: int) -> str:
    """Return a virtual time in seconds with six decimals; what is below a microsecond is cut off."""
    return f"{time_ns // NS_PER_S}.{time_ns % NS_PER_S // _NS_PER_US:06d}"


def readable(data: bytes) -> str:
    """Return bytes as one line of text; what is no text is escaped."""
    text = data.decode("utf-8", "backslashreplace")
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def whose(event: Event) -> str:
    """Return the host of an event; with its peer, and an arrow in the direction in which things went."""
    if not event.peer:
        return event.host
    return f"{event.host} {'<-' if event.kind in _INBOUND else '->'} {event.peer}"


def detail(event: Event) -> str:
    """Return what an event has besides its kind, its time and its hosts: bytes, a port, a code, a name."""
    if event.kind in _PAYLOAD:
        size = f"{event.size} B"
        if not event.data:
            return size
        more = "..." if event.size > len(event.data) else ""
        return f'{size}  "{readable(event.data)}{more}"'
    if event.kind is Kind.CONNECT:
        return f"port {event.size}"
    if event.kind is Kind.EXIT:
        return f"code {event.size}"
    return readable(event.data)
