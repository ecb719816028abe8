"""The plain way of TCP: written with room for it, under way, arrived in its order, read as it comes.

Almost every segment goes it. What has another fate (lost, cut, early, read late, written to a transport that
closes) is handed to methods that whoever inherits from these classes has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import kinds

if TYPE_CHECKING:
    from herd.sim.engine.host import Host
    from herd.sim.engine.network import Link
    from herd.sim.engine.pipes import Pipe
    from herd.sim.engine.process import Process
    from herd.sim.engine.simulation import Simulation
    from herd.sim.engine.sockets import TcpSocket

OPEN: Final = 0
"""The last step of the handshake: the server's side may be accepted."""
FIN: Final = 1
RESET: Final = 2
Segment = bytes | int
"""Data, or one of the three."""

NEW: Final = 0
LISTENING: Final = 1
CONNECTING: Final = 2
CONNECTED: Final = 3
CLOSED: Final = 4
GONE: Final = 5
"""Reset, given up, or lost with the host: the kernel knows nothing of it any more."""

_TLS_HANDSHAKE: Final = b"\x16\x03"


class PlainEnd:
    """One end of a connection, or a listener, as segments see it."""

    __slots__ = (
        "eof",
        "error",
        "fin_sent",
        "host",
        "inbox",
        "incoming",
        "is_polled",
        "is_waiting",
        "outgoing",
        "process",
        "reader",
        "simulation",
        "state",
        "unread",
        "writer",
    )

    def __init__(self, process: Process) -> None:
        self.process = process
        self.host: Host = process.host
        self.simulation: Simulation = process.simulation
        self.reader: Any = None
        """Who wants to be told when there is something to read; the reactor sets it."""
        self.writer: Any = None
        self.error = 0
        """Why the connection failed: an `errno`, or 0."""
        self.eof = False
        self.is_polled = False
        """Whether the reactor is about to look at it anyway."""
        self.is_waiting = False
        """Whether its program is to be told when there is room again."""
        self.state = NEW
        self.inbox: list[bytes] = []
        self.unread = 0
        self.incoming: Pipe | None = None
        self.outgoing: Pipe | None = None
        self.fin_sent = False

    def connect_pipes(self, outgoing: Pipe, incoming: Pipe) -> None:
        """Take the pipes of a connection that stands."""
        self.outgoing = outgoing
        self.incoming = incoming

    def note_read(self, data: bytes) -> None:
        """Tell whoever wants to know that the program reads, and the other kernel."""
        incoming = self.incoming
        assert incoming is not None
        simulation = self.simulation
        if simulation.trace is not None:
            excerpt = b"" if incoming.is_opaque else data
            self.host.record(kinds.DELIVER, incoming.source.host, incoming.flow, len(data), excerpt)
        if simulation.on_read is not None:
            simulation.on_read(incoming, data)
        if incoming.back.blocked or incoming.source.is_waiting:
            incoming.acknowledge(len(data))
        else:
            incoming.outstanding -= len(data)

    def send_whole(self, data: bytes) -> bool:
        """Write all of it if there is room for that now; returns whether it was."""
        outgoing = self.outgoing
        if outgoing is None or self.error or self.fin_sent:
            return False
        if outgoing.outstanding + len(data) > outgoing.window:
            return False
        if not data:  # Nothing is sent of nothing: an empty segment would be read as an end.
            return True
        outgoing.write(data)
        self.is_waiting = outgoing.outstanding > outgoing.comfort
        return True

    def take(self, segment: Segment) -> None:
        """Take the next segment of the other end."""
        reader = self.reader
        if (
            isinstance(segment, bytes)
            and self.state < CLOSED
            and reader is not None
            and not self.inbox
            and not self.process.halted
            and len(segment) <= reader.reads_at_once
        ):
            self.note_read(segment)
            self.process.reactor.received(reader, segment)
        else:
            self.take_otherwise(segment)

    def take_otherwise(self, segment: Segment) -> None:
        """Take what is no data, or cannot be read at once."""
        raise NotImplementedError


class PlainPipe:
    """One direction of a connection."""

    __slots__ = (
        "arrival",
        "back",
        "comfort",
        "early",
        "flow",
        "is_cut",
        "is_opaque",
        "join_ns",
        "link",
        "next_arrival",
        "next_segment",
        "outstanding",
        "simulation",
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
        self.simulation = source.simulation
        self.arrival = self.arrive
        """What an event of a segment that arrives calls."""
        self.outstanding = 0
        """Bytes that were written and not read yet, as far as the source knows."""
        self.window = self.comfort = 0
        self.is_opaque: bool | None = None
        """Whether it is TLS, whose bytes differ from run to run; None before the first byte."""
        self.is_cut = False
        """Whether what is written may arrive in pieces."""
        self.join_ns = 0
        """Up to how much later the reader wakes up."""
        self.next_segment = 0
        self.next_arrival = 0
        self.early: dict[int, Segment] | None = None
        """What has overtaken another segment, by number."""

    def write(self, data: bytes) -> None:
        """Send data, at most as much as there is room for."""
        self.outstanding += len(data)
        if self.is_opaque is None:
            self.is_opaque = data.startswith(_TLS_HANDSHAKE)
        simulation = self.simulation
        if simulation.on_write is not None:
            simulation.on_write(self, data)  # type: ignore[arg-type] # every pipe is a Pipe
        if self.is_cut and len(data) > 1:
            data = self.cut(data)
        number = self.next_segment
        self.next_segment = number + 1
        link = self.link
        if link.blocked or link.is_lossy or simulation.trace is not None:
            self.transmit(number, data, 0)
            return
        # The same, where there is nothing to tell and nothing to lose.
        now_ns = simulation.now_ns
        due_ns = now_ns + link.delay_ns(now_ns, len(data))
        simulation.schedule(due_ns, link.target, self.arrival, (number, data, 0))

    def push(self, segment: Segment) -> None:
        """Send a segment after all that was sent before."""
        number = self.next_segment
        self.next_segment = number + 1
        self.transmit(number, segment, 0)

    def transmit(self, number: int, segment: Segment, attempt: int) -> None:
        """Send a segment once, the first time or again."""
        link = self.link
        simulation = self.simulation
        size = len(segment) if isinstance(segment, bytes) else 0
        if attempt == 0 and simulation.trace is not None:
            self._tell_sent(segment, size)
        if (link.blocked or link.is_lossy) and link.loses():
            self.lose(number, segment, attempt)
            return
        now_ns = simulation.now_ns
        due_ns = now_ns + link.delay_ns(now_ns, size)
        simulation.schedule(due_ns, link.target, self.arrival, (number, segment, attempt))

    def _tell_sent(self, segment: Segment, size: int) -> None:
        host, target = self.source.host, self.link.target
        if isinstance(segment, bytes):
            host.record(kinds.SEND, target, self.flow, size, b"" if self.is_opaque else segment)
        elif segment != OPEN:
            host.record(kinds.FIN if segment == FIN else kinds.RESET, target, self.flow, 0)

    def arrive(self, number: int, segment: Segment, attempt: int) -> None:
        """Come out at the other end."""
        if self.link.blocked:
            self.lose(number, segment, attempt)
            return
        if number != self.next_arrival:
            self.hold(number, segment)
            return
        self.next_arrival = number + 1
        if self.join_ns and isinstance(segment, bytes):
            self.join(segment)
        else:
            self.target.take(segment)
        if self.early is not None:
            self.deliver_early()

    def acknowledge(self, size: int) -> None:
        """Note at the target that its program has read; a source that waits hears of it."""
        raise NotImplementedError

    def cut(self, data: bytes) -> bytes:
        """Send a first part of what is written, perhaps; return what is left of it."""
        raise NotImplementedError

    def lose(self, number: int, segment: Segment, attempt: int) -> None:
        """Send a lost segment again when the kernel notices, or give up."""
        raise NotImplementedError

    def hold(self, number: int, segment: Segment) -> None:
        """Keep a segment that has overtaken another."""
        raise NotImplementedError

    def join(self, segment: bytes) -> None:
        """Let the target have data, and notice it only later."""
        raise NotImplementedError

    def deliver_early(self) -> None:
        """Let the target have what was held, as far as nothing before it is under way."""
        raise NotImplementedError
