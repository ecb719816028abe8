r"""The client protocol on a connection: chunks of bytes in, answers out, in order.

The parsing is `core.wire`'s and the order of answers `core.answers`'; here is what has to do with a
connection: when to read, when to write, and how to end.

- Nearly all that a busy client sends is plain reports. With nothing before them they are answered a chunk at
  a time, by the fast lane (see `lane`) or by the core (see `ingest`); all else goes command by command.
- Answers to one chunk leave in one write. Where a client does not read its answers, has too many waiting, or
  is faster than its pace, its input is left unread: TCP slows it down and nothing is dropped.
- After a half-close every command is still answered, then the connection closes.
- A connection that broke a limit gets its one line and is half-closed; what it still sends is read and thrown
  away for a moment, because closing with input unread would make TCP destroy the line on its way.
- Connections are known by weak references only, and a connection holds its transport but not the other way
  round once it is closed, so a closed one is freed at once, without the garbage collector.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IPushProducer, ISSLTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from zope.interface import implementer

from herd.core.answers import AnswerQueue, Slot
from herd.core.pace import Pace
from herd.core.position import parse_position
from herd.core.promises import Outcome
from herd.core.record import position_of
from herd.core.wire import Command, CommandParser, Invalid, Reports, Whatsat, lines_of, refusal
from herd.places.interfaces import Question
from herd.server.addresses import address_text
from herd.server.eventlog import Peer
from herd.server.lane import converse
from herd.server.transport import QuickConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IDelayedCall
    from twisted.internet.tcp import Connection
    from twisted.python.failure import Failure

    from herd.server.clientcontext import ClientContext


_LINGER_S: Final = 2.0

_READ_BYTES: Final = 16_384
"""What is read at once: the worst chunk, all blank lines, then holds the reactor for some 20 ms, not 100."""


class Input(Enum):
    """What a connection still takes."""

    OPEN = "commands"
    ENDED = "nothing: the client, or the server, is done"
    REFUSED = "nothing: a limit was broken"
    CLOSED = "nothing: the last answer has been written"


_OPEN: Final = Input.OPEN
"""A member of an Enum takes a quarter of a microsecond to look up, and this one is for every chunk."""


@implementer(IHalfCloseableProtocol, IPushProducer)
class ClientConnection(Protocol):
    """One client."""

    transport: Connection

    def __init__(self, context: ClientContext) -> None:
        self._context = context
        self._parser = CommandParser(context.limits)
        self._commands: deque[Command] = deque()
        self._answers = AnswerQueue()
        self._peer = Peer("client", "?")
        self._input = Input.OPEN
        self._is_reading = True
        self._is_output_full = False
        self._is_working = False
        self._linger_end: IDelayedCall | None = None
        self._number = 0
        self._host = ""
        self._is_admitted = False
        self._pace = Pace(context.limits.commands_per_s)
        self._pause_end: IDelayedCall | None = None
        self._seconds: Callable[[], float] = context.world.reactor.seconds
        self._wall_ns = context.world.wall_ns
        self._active_s: float = self._seconds()

    def connectionMade(self) -> None:
        """Begin."""
        self._number = self._context.connections.add(self)
        self._peer = Peer("client", address_text(self.transport.getPeer()))
        self._context.log.opened(self._peer)
        self.transport.setTcpNoDelay(True)
        self.transport.bufferSize = _READ_BYTES
        self.transport.registerProducer(self, streaming=True)
        if isinstance(self.transport, QuickConnection):
            self.transport.lane = self._converse if converse is not None else None
        self._host = getattr(self.transport.getPeer(), "host", "")
        too_many = self._context.admit(self._host)
        self._is_admitted = too_many is None
        if too_many is not None:
            self._refuse(too_many)
        self._work()

    def dataReceived(self, data: bytes) -> None:
        """Take a chunk of input."""
        if self._input is not _OPEN:
            return
        self._active_s = now_s = self._seconds()
        lines = self._parser.frame(data)
        may_take = lines and (self._may_answer_at_once or self._may_promise_at_once(lines))
        if may_take and self._take_at_once(lines, now_s):
            if not self._parser.is_rest_too_long:
                return
            lines = b""
        self._commands.extend(self._parser.parse(lines))
        self._work()

    def readConnectionLost(self) -> None:
        """Take the client's half-close: what it sent is still answered."""
        if self._input is Input.OPEN:
            self._commands.extend(self._parser.finish())
            self._input = Input.ENDED
            self._work()
        elif self._input is Input.REFUSED:
            self._input = Input.ENDED
        elif self._linger_end is not None:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Do nothing: this end was half-closed by `_linger`."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget what was waiting."""
        self._input = Input.CLOSED
        self._commands.clear()
        if self._linger_end is not None and self._linger_end.active():
            self._linger_end.cancel()
        if self._pause_end is not None and self._pause_end.active():
            self._pause_end.cancel()
        self._linger_end = self._pause_end = None
        if self._is_admitted:
            self._context.forget(self._host)
        self._context.log.closed(self._peer, reason.getErrorMessage())
        self.transport.unregisterProducer()  # TLS would keep it, and with it a cycle
        self._context.connections.remove(self._number)

    def pauseProducing(self) -> None:
        """Stop answering: the client does not read."""
        self._is_output_full = True

    def resumeProducing(self) -> None:
        """Go on answering: the client reads again."""
        self._is_output_full = False
        self._work()

    def stopProducing(self) -> None:
        """Do nothing: `connectionLost` follows."""

    def finish(self) -> None:
        """Answer what has come in whole, then close."""
        if self._input is Input.OPEN:
            self._input = Input.ENDED
            self._work()

    def close_if_idle(self, now_s: float) -> float:
        """Close a connection that has said nothing for too long, and waits for no answer or reads none.

        Return when it is to be looked at again: before that it cannot have become idle.
        """
        idle_s = self._context.limits.idle_s
        is_waiting = bool(self._answers or (self._commands and not self._is_output_full))
        if self._input is Input.OPEN and not is_waiting and now_s - self._active_s >= idle_s:
            self._commands.clear()
            self._refuse(f"idle for {idle_s:g} s")
            self._work()
        return self._active_s + idle_s

    def abort(self) -> None:
        """Close at once."""
        self.transport.abortConnection()

    def _work(self) -> None:
        """Answer commands as far as possible, write what may be written; then read on, wait, or close."""
        if self._is_working or self._input is Input.CLOSED:
            return
        self._is_working = True
        while self._commands and not self._must_wait():
            count = self._answer(self._commands.popleft())
            self._pause(self._pace.take(count, self._seconds()))
        self._is_working = False
        self._write()
        if self._input is Input.OPEN:
            self._read_or_wait()
        elif not self._commands and not self._answers:
            self._close()

    def _write(self) -> None:
        output = self._answers.take()
        if output:
            self.transport.write(output)

    @property
    def _may_answer_at_once(self) -> bool:
        """Tell whether what comes now can be answered at once: nothing stands before it."""
        return (
            self._context.promises is None
            and self._is_reading
            and not (self._commands or self._answers.slots or self._is_output_full)
            and self._input is _OPEN
        )

    def _may_promise_at_once(self, lines: bytes) -> bool:
        """Tell whether lines can be taken together though their answers will wait: there is room for them."""
        return (
            self._context.promises is not None
            and self._is_reading
            and not (self._commands or self._is_output_full)
            and len(self._answers) + lines.count(b"\n") <= self._context.limits.answers_waiting
        )

    def _converse(self, descriptor: int) -> bytes | None:
        """Read, answer and send in one go, nothing standing before it; return what else was read."""
        context = self._context
        replica = context.replica
        if converse is None or self._parser.has_rest or context.log.lines or not self._may_answer_at_once:
            return self.transport.socket.recv(_READ_BYTES)
        said = converse(
            descriptor,
            replica.cache,
            replica.prefix,
            self._wall_ns(),
            self._parser.longest_id,
            replica.flood.owed(None),
        )
        if not isinstance(said, tuple):
            return said
        unsent, is_news, count = said
        self._active_s = now_s = self._seconds()
        if is_news:
            replica.on_owed()
        if unsent:
            self.transport.write(unsent)
        wait_s = self._pace.take(count, now_s)
        if wait_s or self._is_output_full:
            self._read_or_wait(wait_s)
        return None

    def _take_at_once(self, lines: bytes, now_s: float) -> bool:
        """Take lines that are all reports, with no command before them; tell whether that was done."""
        taken = self._context.replica.report_lines(lines, self._wall_ns(), self._parser.longest_id)
        if taken is None:
            return False
        answers, count = taken
        context = self._context
        if context.promises is None and not context.log.lines:
            self.transport.write(answers)
        else:
            self._give(lines, answers, count)
            self._write()
        wait_s = self._pace.take(count, now_s)
        if wait_s or self._is_output_full or self._answers.slots:
            self._read_or_wait(wait_s)
        return True

    def _must_wait(self) -> bool:
        return (
            self._is_output_full
            or self._pause_end is not None
            or len(self._answers) >= self._context.limits.answers_waiting
        )

    def _pause(self, wait_s: float) -> None:
        """Answer nothing for so long; 0 is no pause."""
        if wait_s > 0 and self._pause_end is None:
            self._pause_end = self._context.world.reactor.callLater(wait_s, self._end_pause)

    def _end_pause(self) -> None:
        self._pause_end = None
        self._work()

    def _read_or_wait(self, wait_s: float = 0) -> None:
        self._pause(wait_s)
        may_read = not self._commands and not self._must_wait()
        if may_read is not self._is_reading:
            self._is_reading = may_read
            if may_read:
                self.transport.resumeProducing()
            else:
                self.transport.pauseProducing()

    def _close(self) -> None:
        self.transport.unregisterProducer()
        if self._input is Input.REFUSED and not ISSLTransport.providedBy(self.transport):
            self.transport.resumeProducing()
            self.transport.loseWriteConnection()
            self._linger_end = self._context.world.reactor.callLater(_LINGER_S, self.abort)
        else:
            self.transport.loseConnection()
        self._input = Input.CLOSED

    def _answer(self, command: Command) -> int:
        """Answer a command, or as many of a row of reports as may wait; return how many that were."""
        if isinstance(command, list):
            return self._answer_reports(command)
        if isinstance(command, Whatsat):
            self._answer_whatsat(command)
        elif isinstance(command, Invalid):
            self._context.log.got(self._peer, [command.line])
            self._add(refusal(command.line))
        else:
            self._refuse(f"line over {command.limit} bytes")
        return 1

    def _add(self, answer: bytes) -> None:
        self._context.log.sent(self._peer, [answer])
        self._answers.add(answer)

    def _answer_reports(self, reports: Reports) -> int:
        context = self._context
        if self._answers or context.promises is not None:  # then each of the answers counts
            room = context.limits.answers_waiting - len(self._answers)
            if len(reports) > room:
                self._commands.appendleft(reports[room:])
                reports = reports[:room]
        answers = context.replica.report(reports, self._wall_ns())
        self._give(b"".join([report[0] for report in reports]), b"".join(answers), len(reports))
        return len(reports)

    def _give(self, said: bytes, answers: bytes, count: int) -> None:
        """Give the answers to reports, now or, together, when their promise is kept."""
        promises, log = self._context.promises, self._context.log
        if log.lines:
            log.got(self._peer, lines_of(said))
        if promises is None:
            self._log_sent(answers)
            self._answers.add(answers, count)
        else:
            slot = self._answers.reserve(count)
            release = partial(self._promise_settled, slot=slot, said=said, answers=answers)
            promises.wait(release, self._seconds())

    def _promise_settled(self, outcome: Outcome, slot: Slot, said: bytes, answers: bytes) -> None:
        if self._input is Input.CLOSED:
            return
        if outcome is Outcome.BROKEN:
            answers = b"".join([refusal(line) for line in lines_of(said)])
        self._log_sent(answers)
        self._answers.fill(slot, answers)
        self._work()

    def _log_sent(self, answers: bytes) -> None:
        if self._context.log.lines:
            self._context.log.sent(self._peer, lines_of(answers))

    def _answer_whatsat(self, command: Whatsat) -> None:
        context = self._context
        context.log.got(self._peer, [command.line])
        line = context.replica.cache.get(command.client_id, context.world.wall_ns())
        if line is None:
            self._add(refusal(command.line))
            return
        question = Question(parse_position(position_of(line)), command.radius_km, command.bound)
        slot = self._answers.reserve()
        context.finder.find(question).addCallback(self._places_found, slot, line, command.ending)

    def _places_found(self, places: bytes, slot: Slot, line: bytes, ending: bytes) -> None:
        if self._input is Input.CLOSED:
            return
        if self._context.log.lines:
            self._context.log.sent(self._peer, [b"%b and %d bytes of places" % (line, len(places))])
        self._answers.fill(slot, line + ending + places + ending + ending)
        self._work()

    def _refuse(self, reason: str) -> None:
        """Give the one line that a broken limit gets, and take nothing more."""
        self._context.log.refused(self._peer, reason)
        self._answers.add(f"? {reason}\n".encode())
        self._input = Input.REFUSED


class ClientFactory(Factory):
    """Makes client connections."""

    noisy = False

    def __init__(self, context: ClientContext) -> None:
        self._context = context

    def buildProtocol(self, addr: IAddress | None) -> ClientConnection:
        """Make a connection."""
        return ClientConnection(self._context)
