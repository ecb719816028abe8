"""The reactor that one hosted program sees: Twisted's own, over simulated sockets and virtual time.

What a reactor promises (the order of system event triggers, starting, stopping, pluggable resolvers) is kept
by Twisted's `ReactorBase`; what transports promise, by Twisted's transports. Here are time, threads, and the
poll: a socket that becomes readable is read in the event that made it so; what was written leaves at the end
of the turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IReactorPluggableNameResolver, IReactorPluggableResolver
from twisted.internet.posixbase import _DisconnectSelectableMixin
from twisted.logger import Logger
from zope.interface import implementer

from herd.sim.engine import current, singletons, turns
from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.current import FAILURES
from herd.sim.engine.names import SimulatedResolver
from herd.sim.engine.networking import Networking
from herd.sim.engine.pins.clocks import is_steady
from herd.sim.engine.plaintimer import TURN_NS
from herd.sim.engine.selectables import cannot_iterate, socket_of
from herd.sim.engine.threads import ThreadPool
from herd.sim.engine.timers import DelayedCall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twisted.internet.interfaces import IDelayedCall

    from herd.sim.engine.chance import Stream
    from herd.sim.engine.process import Process
    from herd.sim.engine.sockets import TcpSocket

_log = Logger("herd.sim")


@implementer(IReactorPluggableResolver, IReactorPluggableNameResolver)
class SimulatedReactor(Networking, _DisconnectSelectableMixin, ReactorBase):
    """The reactor of one process."""

    _registerAsIOThread = False  # noqa: N815 - Twisted's own

    def __init__(self, process: Process) -> None:
        self.process = process
        self.timers: dict[int, DelayedCall] = {}
        """What will be called, by numbers."""
        self._calling = 0
        """The number of the last event in which threads' calls were made."""
        self._last_timer = 0
        """By id: its hash is for programs to ask, and drawn."""
        self.sockets: dict[Any, None] = {}
        """All that its kernel holds for this process."""
        self._selectables: dict[Any, None] = {}
        self._pool: ThreadPool | None = None
        self._lengths: Stream | None = None
        """How long turns are that are not over at once."""
        self.when_stopped: Callable[[], object] | None = None
        """Called when the reactor has stopped, in an event of its own; None: the process ends then."""
        super().__init__()

    # Time.

    def seconds(self) -> float:
        """Return the host's wall clock, as Twisted's reactors do."""
        return self.process.wall_s()

    def local_ns(self) -> int:
        """Return the time by which timers are due: the wall clock's, or what the program has put there."""
        own = self.__dict__.get("seconds")
        if own is None:
            return self.process.wall_ns()
        return self.process.monotonic_ns() if is_steady(own) else round(own() * NS_PER_S)

    def callLater(  # type: ignore[override]
        self,
        delay: float,
        callable: Callable[..., Any],  # noqa: A002 - Twisted's own
        *args: object,
        **kw: object,
    ) -> DelayedCall:
        """Call a function in so many seconds."""
        assert delay >= 0, f"{delay} is not greater than or equal to 0 seconds"
        self._last_timer = number = self._last_timer + 1
        self.timers[number] = call = DelayedCall(self.process, number, delay, callable, args, kw)
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """Return what will be called."""
        return cast("list[IDelayedCall]", list(self.timers.values()))

    def clock_was_set(self) -> None:
        """Let every timer be due by the clock as it is now."""
        before, current.process = current.process, self.process  # whose clock it is that timers may ask
        try:
            for call in list(self.timers.values()):
                call.reschedule()
        finally:
            current.process = before

    def at_turn_end(self, function: Callable[[], object]) -> None:
        """Call a function once, at the end of this turn: no method of Twisted's, herd asks who has it.

        A turn brings one event, most often. One in eight goes on for up to two milliseconds: whatever comes
        meanwhile finds what a program has put off to its end.
        """
        simulation = self.process.simulation
        if self._lengths is None:
            self._lengths = simulation.chance.fresh(f"turns {self.process.host.name} {self.process.pid}")
        length = self._lengths.integer(0, turns.LONG_TURN_NS * 8)
        if length <= turns.LONG_TURN_NS:
            simulation.schedule(simulation.now_ns + length, self.process, function)
            return
        ending = self.process.ending
        if not ending:
            simulation.turns.append(self.process)
        ending.append(function)

    # Starting and stopping.

    def installWaker(self) -> None:
        """Do nothing: nobody waits in a system call."""

    def wakeUp(self) -> None:
        """Run what `callFromThread` was given."""
        if self.threadCallQueue:
            self._later(self._run_thread_calls)
            if self._calling != self.process.simulation.events:
                turns.put_off(self.process.simulation)

    def _run_thread_calls(self) -> None:
        self._calling = self.process.simulation.events
        calls, self.threadCallQueue = self.threadCallQueue, []
        for function, args, kwargs in calls:
            try:
                function(*args, **kwargs)
            except FAILURES:  # as the real one does
                self.log_unhandled()

    def _later(self, function: Callable[..., object]) -> None:
        simulation = self.process.simulation
        simulation.schedule(simulation.now_ns + TURN_NS, self.process, function)

    def run(self, installSignalHandlers: bool = True) -> None:  # noqa: FBT001, FBT002 - Twisted's own
        """Run the reactor: a script goes on behind this call when the reactor has stopped."""
        from herd.sim.engine import parking  # noqa: PLC0415

        parking.leave_if_ended(self.process)
        self.startRunning(installSignalHandlers=installSignalHandlers)
        parking.park(self)

    def stop(self) -> None:
        """Stop at the end of this turn."""
        super().stop()
        self._later(self._shut_down)

    def _shut_down(self) -> None:
        self._justStopped = False
        self.fireSystemEvent("shutdown")

    def crash(self) -> None:
        """Stop at once, without the shutdown event."""
        super().crash()
        self._later(self._ended)

    def _ended(self) -> None:
        singletons.tell_observers("Main loop terminated.")
        if self.when_stopped is not None:
            self.when_stopped()
        else:
            self.process.exit(0 if self._exitSignal is None else -self._exitSignal)

    def log_unhandled(self) -> None:
        """Log the exception that is being handled, as a reactor's main loop does."""
        if self.process.exit_code is None:  # os._exit has ended it
            _log.failure("Unhandled error in a hosted program")

    iterate = cannot_iterate

    # Threads.

    def _initThreads(self) -> None:
        self.installNameResolver(SimulatedResolver(self.process))
        self.usingThreads = True

    def getThreadPool(self) -> Any:
        """Return the pool of threads that are none."""
        if self._pool is None:
            self._pool = ThreadPool(self.process)
        return self._pool

    # The poll.

    def addReader(self, reader: Any) -> None:
        """Tell a selectable when it may read."""
        socket = socket_of(reader, "addReader")
        self._selectables[reader] = None
        socket.reader = reader
        if socket.is_readable:
            self._poll_soon(socket)

    def addWriter(self, writer: Any) -> None:
        """Tell a selectable when it may write: at the end of this turn, or when there is room."""
        socket = socket_of(writer, "addWriter")
        if socket.writer is writer:
            return
        socket.writer = writer
        if socket.reader is not writer:
            self._selectables[writer] = None
        if socket.is_writable:
            self.write_at_end(writer)

    def write_at_end(self, writer: Any) -> None:
        """Let a selectable write when this turn is over."""
        process = self.process
        if not process.writing:
            process.simulation.turns.append(process)
        process.writing.append(writer)

    def removeReader(self, reader: Any) -> None:
        """Tell it no more."""
        socket = getattr(reader, "socket", None)
        if socket is not None and socket.reader is reader:
            socket.reader = None
            if socket.writer is not reader:
                self._selectables.pop(reader, None)

    def removeWriter(self, writer: Any) -> None:
        """Tell it no more."""
        socket = getattr(writer, "socket", None)
        if socket is not None and socket.writer is writer:
            socket.writer = None
            if socket.reader is not writer:
                self._selectables.pop(writer, None)

    def removeAll(self) -> list[Any]:
        """Take out all selectables, and return them."""
        found = list(self._selectables)
        for each in found:
            self.removeReader(each)
            self.removeWriter(each)
        return found

    def getReaders(self) -> list[Any]:
        """Return who waits for something to read."""
        return [each for each in self._selectables if each.socket.reader is each]

    def getWriters(self) -> list[Any]:
        """Return who waits for room to write."""
        return [each for each in self._selectables if each.socket.writer is each]

    def _poll_soon(self, socket: Any) -> None:
        if not socket.is_polled:
            socket.is_polled = True
            simulation = self.process.simulation
            simulation.schedule(simulation.now_ns + TURN_NS, self.process, self._poll_one, (socket,))

    def _poll_one(self, socket: Any) -> None:
        socket.is_polled = False
        if socket.reader is not None and socket.is_readable:
            self.read_ready(socket)

    def poll(self) -> None:
        """Look at all sockets, after a pause."""
        for socket in list(self.sockets):
            if socket.reader is not None and socket.is_readable:
                self._poll_soon(socket)
            elif socket.writer is not None and socket.is_writable:
                self.write_at_end(socket.writer)

    def received(self, reader: Any, data: bytes) -> None:
        """Hand data to the protocol of a transport that reads: what `read_ready` does, the short way."""
        self.process.become_current()
        try:
            reader.protocol.dataReceived(data)
        except FAILURES as problem:  # likewise
            self.fail(reader, problem, is_read=True)

    def fail(self, selectable: Any, problem: BaseException, is_read: bool) -> None:  # noqa: FBT001
        """Log what a protocol has raised, and close its transport."""
        self.log_unhandled()
        self.disconnect(selectable, problem, is_read)

    def read_ready(self, socket: Any) -> None:
        """Let a selectable read: the network has brought something."""
        self.process.become_current()
        selectable = socket.reader
        held: Any = getattr(selectable, "socket", None)
        if held is not socket:  # it has let go of it, and cannot take it out
            socket.reader = None
            return
        try:
            why = selectable.doRead()
        except FAILURES as problem:  # a transport whose protocol fails is closed, and it is logged
            self.log_unhandled()
            why = problem
        if why:
            self.disconnect(selectable, why, is_read=True)
        elif socket.reader is not None and socket.is_readable:
            self._poll_soon(socket)

    def write_ready(self, socket: TcpSocket) -> None:
        """Let a selectable write: there is room, or the connection has failed."""
        self.write_at_end(socket.writer)

    def end_turn(self) -> None:
        """Call what waits for the end of this turn, and send what was written in it."""
        process = self.process
        if process.ending:
            self.call_ending()
        if process.writing:
            writing = process.writing.copy()
            process.writing.clear()
            due_ns = turns.leaves_ns(process.simulation)
            if due_ns is not None:
                self.put_off_writing(writing, due_ns)
                return
            for selectable in writing:
                self.write_one(selectable)

    def put_off_writing(self, writing: list[Any], due_ns: int) -> None:
        """Let selectables write at a time."""
        self.process.simulation.schedule(due_ns, self.process, self._write_now, (writing,))

    def _write_now(self, writing: list[Any]) -> None:
        for each in writing:
            self.write_at_end(each)

    def call_ending(self) -> None:
        """Call what waits for the end of this turn."""
        ending = self.process.ending.copy()
        self.process.ending.clear()
        for function in ending:
            try:
                function()
            except FAILURES:  # as the real main loop does with a delayed call
                self.log_unhandled()

    def write_one(self, selectable: Any) -> None:
        """Let a selectable write, and more in another turn if it has more."""
        socket = getattr(selectable, "socket", None)
        if socket is None or socket.writer is not selectable:
            return
        try:
            why = selectable.doWrite()
        except FAILURES as problem:  # likewise
            self.fail(selectable, problem, is_read=False)
            return
        if why:
            self.disconnect(selectable, why, is_read=False)
        elif socket.writer is selectable:
            self.write_later(selectable)

    def write_later(self, writer: Any) -> None:
        """Let a selectable write more in another turn, unless it has to wait for room."""
        if writer.socket.is_writable:
            simulation = self.process.simulation
            simulation.schedule(simulation.now_ns + TURN_NS, self.process, self._write_on, (writer,))

    def _write_on(self, writer: Any) -> None:
        """Let a selectable write more in another turn: timers and readers have theirs between."""
        socket = getattr(writer, "socket", None)
        if socket is not None and socket.writer is writer and writer not in self.process.writing:
            self.write_at_end(writer)

    def disconnect(self, selectable: Any, why: Any, is_read: bool) -> None:  # noqa: FBT001
        """Close what failed, or has ended; a protocol that fails at that is logged."""
        try:
            self._disconnectSelectable(selectable, why, is_read)
        except FAILURES:  # as the real main loop does
            self.log_unhandled()

    # What a dead process leaves behind.

    def close_sockets(self) -> None:
        """Close everything, as a kernel does for a process that has ended."""
        for socket in list(self.sockets):
            socket.close()
            socket.reader = socket.writer = None
        self._let_go()

    def forget_sockets(self) -> None:
        """Lose everything, with the power."""
        for socket in list(self.sockets):
            socket.vanish()
            socket.reader = socket.writer = None
        self._let_go()

    def _let_go(self) -> None:
        self.sockets.clear()
        self._selectables.clear()
        self.timers.clear()
        self.process.writing.clear()
        self.process.ending.clear()
