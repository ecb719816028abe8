"""One direction of a TCP connection: what is written comes out once, whole and in order, however late.

Each segment is under way on its own: it may be lost, and is then sent again as a kernel does (after 200 ms,
then twice as long each time, given up after 15 times: Linux's `tcp_retries2`). A segment that overtakes
another waits for it at the receiver. A kernel that has forgotten a connection sends nothing of it again: what
was lost by then never comes, and the reset that answers later segments does not wait for it. Both kernels
together hold a window; who writes more has to wait until the other side has read, and has been able to say
so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine import trace

if TYPE_CHECKING:
    from herd.sim.engine.agenda import Event
    from herd.sim.engine.network import Link
    from herd.sim.engine.sockets import TcpSocket

_FIRST_RTO_NS: Final = 200_000_000
_LAST_RTO_NS: Final = 120_000_000_000
_ATTEMPTS: Final = 15
_TLS_HANDSHAKE: Final = b"\x16\x03"
_EXCERPT: Final = 96

OPEN: Final = 0
"""The last step of the handshake: the server's side may be accepted."""
FIN: Final = 1
RESET: Final = 2
Segment = bytes | int
"""Data, or one of the three."""


def taken(inbox: list[bytes], size: int) -> bytes:
    """Take at most `size` bytes out of what waits to be read."""
    data = b"".join(inbox)
    inbox[:] = [data[size:]] if len(data) > size else []
    return data[:size]


def retransmission_ns(attempt: int) -> int:
    """Return how long a kernel waits before it sends a segment once more; `attempt` counts from 0."""
    return min(_FIRST_RTO_NS << min(attempt, 10), _LAST_RTO_NS)


class Pipe:
    """What `source` writes and `target` reads."""

    __slots__ = (
        "_cut",
        "_early",
        "_is_broken",
        "_join_ns",
        "_lost",
        "_next_arrival",
        "_next_segment",
        "_simulation",
        "_unacknowledged",
        "back",
        "comfort",
        "flow",
        "is_opaque",
        "link",
        "outstanding",
        "source",
        "target",
        "window",
    )

    def __init__(self, source: TcpSocket, target: TcpSocket, link: Link, back: Link, flow: int) -> None:
        self.source = source
        self.target = target
        self.link = link
        self.back = back
        self.flow = flow
        self.outstanding = 0
        """Bytes that were written and not read yet, as far as the source knows."""
        self.is_opaque: bool | None = None
        """Whether it is TLS, whose bytes differ from run to run; None before the first byte."""
        self._simulation = source.simulation
        self.window = link.profile.window_bytes
        """What both kernels together hold."""
        self.comfort = self.window * 2 // 3
        """Up to so many outstanding bytes a writer is told that there is room: Linux leaves a third free.

        Told of every byte, it would answer a slow reader with bytes.
        """
        self._cut = link.profile.cut
        self._join_ns = round(link.profile.join_ms * 1_000_000)
        self._next_segment = 0
        self._next_arrival = 0
        self._early: dict[int, Segment] | None = None
        self._unacknowledged = 0
        self._lost = 0
        """Segments that are to be sent again."""
        self._is_broken = False
        """Whether some segment will never come."""

    @property
    def is_broken(self) -> bool:
        """Whether some segment will never come, as its sender has forgotten the connection or is about to."""
        return self._is_broken or self._lost > 0

    @property
    def room(self) -> int:
        """How many bytes may be written now."""
        return self.window - self.outstanding

    def write(self, data: bytes) -> None:
        """Send data, at most `room` of it."""
        size = len(data)
        self.outstanding += size
        if self.is_opaque is None:
            self.is_opaque = data.startswith(_TLS_HANDSHAKE)
        simulation = self._simulation
        if simulation.on_write is not None:
            simulation.on_write(self, data)
        link = self.link
        if self._cut and size > 1 and link.stream.chance(self._cut):
            at = link.stream.integer(1, size - 1)
            self.push(data[:at])
            data = data[at:]
            size -= at
        number = self._next_segment
        self._next_segment = number + 1
        if link.blocked or link.is_lossy or simulation.trace is not None:
            self._transmit(number, data, 0)
            return
        # The same, where there is nothing to tell and nothing to lose.
        now_ns = simulation.now_ns
        due_ns = now_ns + link.delay_ns(now_ns, size)
        simulation.schedule(due_ns, link.target, self._arrive, (number, data, 0))

    def push(self, segment: Segment) -> None:
        """Send a segment after all that was sent before."""
        number = self._next_segment
        self._next_segment = number + 1
        self._transmit(number, segment, 0)

    def _transmit(self, number: int, segment: Segment, attempt: int) -> None:
        link = self.link
        simulation = self._simulation
        size = len(segment) if isinstance(segment, bytes) else 0
        if attempt == 0 and simulation.trace is not None:
            self._tell_sent(segment, size)
        if (link.blocked or link.is_lossy) and link.loses():
            self._lose(number, segment, attempt)
            return
        now_ns = simulation.now_ns
        simulation.schedule(
            now_ns + link.delay_ns(now_ns, size), link.target, self._arrive, (number, segment, attempt)
        )

    def _lose(self, number: int, segment: Segment, attempt: int) -> None:
        """Send a lost segment again when the kernel notices, or give up."""
        source = self.source
        if source.is_gone:
            self._break()
            return
        size = len(segment) if isinstance(segment, bytes) else 0
        source.host.record(trace.LOST, self.link.target, self.flow, size)
        if attempt >= _ATTEMPTS:
            source.time_out()
            return
        self._lost += 1
        self._simulation.schedule(
            self._simulation.now_ns + retransmission_ns(attempt),
            source.host,
            self._retransmit,
            (number, segment, attempt + 1),
        )

    def _retransmit(self, number: int, segment: Segment, attempt: int) -> None:
        self._lost -= 1
        if self.source.is_gone:
            self._break()
        else:
            self._transmit(number, segment, attempt)

    def _break(self) -> None:
        """Wait no more for what will never come: a reset that is here already counts now."""
        self._is_broken = True
        if self._early and RESET in self._early.values():
            self._early = None
            self._simulation.schedule(self._simulation.now_ns, self.link.target, self.target.take, (RESET,))

    def missed(self, event: Event) -> None:
        """Lose a segment that came while the target's power was off."""
        if event[3] == self._arrive:
            self._lose(*event[4])

    def _arrive(self, number: int, segment: Segment, attempt: int) -> None:
        if self.link.blocked:
            self._lose(number, segment, attempt)
            return
        if number != self._next_arrival:
            if segment == RESET and (self._is_broken or (self._lost and self.source.is_gone)):
                self.target.take(segment)
                return
            if self._early is None:
                self._early = {}
            self._early[number] = segment
            return
        self._next_arrival = number + 1
        if self._join_ns and isinstance(segment, bytes):
            delay = self.link.stream.integer(0, self._join_ns)
            self.target.take_later(segment, delay)
        else:
            self.target.take(segment)
        while self._early and self._next_arrival in self._early:
            segment = self._early.pop(self._next_arrival)
            self._next_arrival += 1
            self.target.take(segment)

    def acknowledge(self, size: int) -> None:
        """Note at the target that its program has read; a source that waits hears of it."""
        if self.back.blocked:
            if not self._unacknowledged:
                self.back.waiting.append(self._acknowledge_late)
            self._unacknowledged += size
        elif self.source.is_waiting:
            self._acknowledge_soon(size)
        else:
            self.outstanding -= size

    def _acknowledge_late(self) -> None:
        size, self._unacknowledged = self._unacknowledged, 0
        self._acknowledge_soon(size)

    def _acknowledge_soon(self, size: int) -> None:
        now_ns = self._simulation.now_ns
        self._simulation.schedule(
            now_ns + self.back.delay_ns(now_ns, 0), self.source.host, self._acknowledged, (size,)
        )

    def _acknowledged(self, size: int) -> None:
        self.outstanding -= size
        self.source.has_room()

    def _tell_sent(self, segment: Segment, size: int) -> None:
        host = self.source.host
        if isinstance(segment, bytes):
            excerpt = b"" if self.is_opaque else segment[:_EXCERPT]
            host.record(trace.SEND, self.link.target, self.flow, size, excerpt)
        elif segment == FIN:
            host.record(trace.FIN, self.link.target, self.flow, 0)
        elif segment == RESET:
            host.record(trace.RESET, self.link.target, self.flow, 0)
