"""The load of one process: its connections, in one thread, around a selector.

Its own loop rather than an event loop, because at a pipeline of one that is most of what a generator costs.
Nothing that may grow is done per command but what `commands` and `conversation` do in blocks.

A selector waits whole milliseconds. The open loop waits in `select` on the selector itself, which waits
microseconds, so that a command is sent when it is due.
"""

from __future__ import annotations

import select
import selectors
import time
from typing import TYPE_CHECKING, Final

from attrs import frozen
from loading.commands import Commands
from loading.connection import CONNECT_S, Connection, connect
from loading.conversation import Tally
from loading.latencies import Latencies
from loading.plan import NS_PER_S
from loading.processors import busy_seconds

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Callable

    from loading.plan import Plan

DRAIN_S: Final = 5.0
"""How long answers may take after the last command was sent."""
_WAIT_S: Final = 0.1
"""The longest wait without a look at whether to end."""
_LOOK_S: Final = 0.1
"""Between two samples, of short loads."""
_SAMPLES: Final = 600
"""Samples of long ones."""
_P99_NS: Final = NS_PER_S // 2
"""Between two looks at the histogram, which take some milliseconds."""


@frozen(kw_only=True)
class Sample:
    """What one process had done at a moment, in seconds after the beginning."""

    at_s: float
    answered: int
    failed: int
    p99_ms: float


@frozen(kw_only=True)
class Outcome:
    """What the load of one process came to; latencies in HdrHistogram's encoded form."""

    sent: int
    iamat: int
    whatsat: int
    wrong: int
    refused: int
    lost: int
    unanswered: int
    never_sent: int
    complaint: str | None
    answered_in_time: int
    """Before the last command was sent, so that a rate can be told."""
    sending_s: float
    whole_s: float
    cpu_s: float
    busy_s: float
    """Running, or ready to run and without a processor."""
    latency: str
    late: str


class Generator:
    """A process's part of a load. `should_end` is asked now and then, `tell` is given samples."""

    def __init__(
        self,
        plan: Plan,
        process: int,
        should_end: Callable[[], bool] = lambda: False,
        tell: Callable[[Sample], None] = lambda _: None,
    ) -> None:
        self._plan = plan
        self._process = process
        self._should_end = should_end
        self._tell = tell
        self._tally = Tally()
        self._late = Latencies()
        self._is_sending = False
        self._began_ns = 0
        self._next_look_ns = self._next_p99_ns = 0
        self._p99_ms = 0.0
        self._look_ns = round(max(_LOOK_S, plan.seconds / _SAMPLES) * NS_PER_S)
        self._writing: dict[Connection, None] = {}
        self._connections: dict[int, Connection] = {}
        self._selector = selectors.DefaultSelector()

    def connect(self, offset_ns: int) -> None:
        """Make every connection. `offset_ns`: the POSIX clock less the monotonic one."""
        for number in self._plan.connections_of(self._process):
            address = self._plan.address_of(number)
            try:
                connected = connect(address)
            except OSError as error:  # a TimeoutError is one
                reason = error.strerror or f"no answer in {CONNECT_S:g} s"
                raise HerdError(f"cannot connect to {address}: {reason}") from error
            commands = Commands(self._plan, number, offset_ns)
            connection = Connection(connected, commands, self._plan.pipeline, self._tally, self._late)
            self._connections[number] = connection
            self._selector.register(connection.socket, selectors.EVENT_READ, connection)

    def run(self) -> Outcome:
        """Put the load, wait for the last answers, and close."""
        cpu_s, busy_s, self._began_ns = time.process_time(), busy_seconds(), time.monotonic_ns()
        self._next_look_ns = self._began_ns + self._look_ns
        self._is_sending = True
        end_ns = self._began_ns + self._plan.seconds_ns
        if self._plan.rate is None:
            self._closed_loop(end_ns)
        else:
            self._open_loop(end_ns)
        self._is_sending = False
        sent_ns, answered_in_time = time.monotonic_ns(), self._tally.answered
        never_sent = sum(each.give_up(sent_ns) for each in self._connections.values())
        self._drain(sent_ns + round(DRAIN_S * NS_PER_S))
        for connection in self._connections.values():
            connection.close()
        whole_ns = time.monotonic_ns() - self._began_ns
        tally = self._tally
        return Outcome(
            sent=tally.sent,
            iamat=tally.iamat,
            whatsat=tally.whatsat,
            wrong=tally.wrong,
            refused=tally.refused,
            lost=tally.lost,
            unanswered=tally.unanswered,
            never_sent=never_sent,
            complaint=tally.complaint,
            answered_in_time=answered_in_time,
            sending_s=(sent_ns - self._began_ns) / NS_PER_S,
            whole_s=whole_ns / NS_PER_S,
            cpu_s=time.process_time() - cpu_s,
            busy_s=busy_seconds() - busy_s,
            latency=tally.latency.encoded(),
            late=self._late.encoded(),
        )

    def _closed_loop(self, end_ns: int) -> None:
        for connection in self._connections.values():
            self._fill(connection, time.monotonic_ns())
        while (now_ns := time.monotonic_ns()) < end_ns and not self._is_over(now_ns):
            self._take(min((end_ns - now_ns) / NS_PER_S, _WAIT_S))

    def _open_loop(self, end_ns: int) -> None:
        dues = self._plan.dues_of(self._process)
        due = next(dues, None)
        while (now_ns := time.monotonic_ns()) < end_ns or due is not None:
            if self._is_over(now_ns):
                return
            owed: dict[int, bool] = {}
            while due is not None and self._began_ns + due[0] <= now_ns:
                connection = self._connections[due[1]]
                owed.setdefault(due[1], not connection.due_ns)
                connection.due_ns.append(self._began_ns + due[0])
                due = next(dues, None)
            for number, had_room in owed.items():
                self._fill(self._connections[number], now_ns, had_room=had_room)
            next_ns = end_ns if due is None else self._began_ns + due[0]
            wait_s = min((next_ns - time.monotonic_ns()) / NS_PER_S, _WAIT_S)
            if wait_s > 0:
                select.select([self._selector], [], [], wait_s)
            self._take(0)

    def _drain(self, deadline_ns: int) -> None:
        while (now_ns := time.monotonic_ns()) < deadline_ns and not self._is_over(now_ns):
            if all(connection.is_idle for connection in self._connections.values()):
                return
            self._take(_WAIT_S)

    def _fill(self, connection: Connection, now_ns: int, *, had_room: bool = False) -> None:
        if self._plan.rate is None:
            connection.fill(now_ns)
        else:
            connection.fill_due(now_ns, had_room=had_room)
        self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        """See that the selector waits for what the connection waits for."""
        if connection.is_lost:
            if connection.socket.fileno() in self._selector.get_map():
                self._selector.unregister(connection.socket)
            self._writing.pop(connection, None)
        elif connection.wants_to_write is not (connection in self._writing):
            events = selectors.EVENT_READ
            if connection.wants_to_write:
                self._writing[connection] = None
                events |= selectors.EVENT_WRITE
            else:
                del self._writing[connection]
            self._selector.modify(connection.socket, events, connection)

    def _take(self, wait_s: float) -> None:
        """Wait for sockets that can be read or written, and serve them."""
        for key, events in self._selector.select(wait_s):
            connection: Connection = key.data
            now_ns = time.monotonic_ns()
            if events & selectors.EVENT_WRITE:
                connection.write()
            if events & selectors.EVENT_READ:
                connection.read(now_ns)
            if self._is_sending:
                self._fill(connection, now_ns)
            else:
                self._watch(connection)

    def _is_over(self, now_ns: int) -> bool:
        """Give a sample if it is time for one; tell whether to end before the time."""
        if now_ns < self._next_look_ns:
            return False
        self._next_look_ns += self._look_ns * (1 + (now_ns - self._next_look_ns) // self._look_ns)
        if now_ns >= self._next_p99_ns:
            self._next_p99_ns = now_ns + _P99_NS
            self._p99_ms = self._tally.latency.percentile_ms(99)
        if self._is_sending:
            self._tell(
                Sample(
                    at_s=(now_ns - self._began_ns) / NS_PER_S,
                    answered=self._tally.answered,
                    failed=self._tally.failed,
                    p99_ms=self._p99_ms,
                )
            )
        return self._should_end() or all(each.is_lost for each in self._connections.values())
