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
from herd.sim.engine.native import PlainPipe
from herd.sim.engine.streams import RESET

if TYPE_CHECKING:
    from herd.sim.engine.agenda import Event
    from herd.sim.engine.network import Link
    from herd.sim.engine.sockets import TcpSocket
    from herd.sim.engine.streams import Segment

_FIRST_RTO_NS: Final = 200_000_000
_LAST_RTO_NS: Final = 120_000_000_000
_ATTEMPTS: Final = 15


def taken(inbox: list[bytes], size: int) -> bytes:
    """Take at most `size` bytes out of what waits to be read."""
    data = b"".join(inbox)
    inbox[:] = [data[size:]] if len(data) > size else []
    return data[:size]


def retransmission_ns(attempt: int) -> int:
    """Return how long a kernel waits before it sends a segment once more; `attempt` counts from 0."""
    return min(_FIRST_RTO_NS << min(attempt, 10), _LAST_RTO_NS)


class Pipe(PlainPipe):
    """What `source` writes and `target` reads."""

    __slots__ = ("_cut", "_is_broken", "_lost", "_simulation", "_unacknowledged")

    def __init__(self, source: TcpSocket, target: TcpSocket, link: Link, back: Link, flow: int) -> None:
        super().__init__(source, target, link, back, flow)
        self._simulation = source.simulation
        profile = link.profile
        self.window = profile.window_bytes
        """What both kernels together hold."""
        self.comfort = profile.window_bytes * 2 // 3
        """Up to so many outstanding bytes a writer is told that there is room: Linux leaves a third free.

        Told of every byte, it would answer a slow reader with bytes.
        """
        self._cut = profile.cut
        self.is_cut = profile.cut > 0
        self.join_ns = round(profile.join_ms * 1_000_000)
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

    def cut(self, data: bytes) -> bytes:
        """Send a first part of what is written, perhaps; return what is left of it."""
        stream = self.link.stream
        if not stream.chance(self._cut):
            return data
        at = stream.integer(1, len(data) - 1)
        self.push(data[:at])
        return data[at:]

    def lose(self, number: int, segment: Segment, attempt: int) -> None:
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
            self.transmit(number, segment, attempt)

    def _break(self) -> None:
        """Wait no more for what will never come: a reset that is here already counts now."""
        self._is_broken = True
        if self.early and RESET in self.early.values():
            self.early = None
            self._simulation.schedule(self._simulation.now_ns, self.link.target, self.target.take, (RESET,))

    def missed(self, event: Event) -> None:
        """Lose a segment that came while the target's power was off."""
        if event[3] == self.arrival:
            self.lose(*event[4])

    def hold(self, number: int, segment: Segment) -> None:
        """Keep a segment that has overtaken another."""
        if segment == RESET and (self._is_broken or (self._lost and self.source.is_gone)):
            self.target.take(segment)
            return
        if self.early is None:
            self.early = {}
        self.early[number] = segment

    def join(self, segment: bytes) -> None:
        """Let the target have data, and notice it only later."""
        self.target.take_later(segment, self.link.stream.integer(0, self.join_ns))

    def deliver_early(self) -> None:
        """Let the target have what was held, as far as nothing before it is under way."""
        while self.early and self.next_arrival in self.early:
            segment = self.early.pop(self.next_arrival)
            self.next_arrival += 1
            self.target.take(segment)
        if not self.early:
            self.early = None

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
