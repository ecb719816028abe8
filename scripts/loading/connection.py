"""One connection of the load generator: what is due, what waits for its answer, and whether that is right."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from typing import Any, Final

from attrs import define, field, frozen
from loading.histogram import Histogram

from herd.config.model import Address

CITIES: Final = ((34.05, -118.24), (51.51, -0.13), (35.68, 139.69), (-33.87, 151.21), (-23.55, -46.63))
"""Clients are within some 30 km of these, so that WHATSAT finds something."""

_WHATSAT: Final = b""
"""Waits in the place of the report that an IAMAT's answer must end with."""


@frozen(kw_only=True)
class Plan:
    """What load is wanted. `rate`: commands per second of all connections; None for as many as will go."""

    addresses: tuple[Address, ...]
    connections: int
    pipeline: int
    seconds: float
    clients: int
    whatsat_percent: float
    rate: float | None
    seed: int


@define
class Tally:
    """What has come of it, over all connections."""

    sent: int = 0
    iamat: int = 0
    whatsat: int = 0
    wrong: int = 0
    """Answers that do not answer what was sent."""
    refused: int = 0
    """Answers that begin with a question mark."""
    lost: int = 0
    """Connections that ended while they were needed."""
    complaint: str | None = None
    """The first thing that was not right."""
    latency: Histogram = field(factory=Histogram)

    @property
    def answered(self) -> int:
        """Return how many right answers there were."""
        return self.iamat + self.whatsat

    @property
    def errors(self) -> int:
        """Return how much was not right, whatever it was."""
        return self.wrong + self.refused + self.lost + self.unanswered

    @property
    def unanswered(self) -> int:
        """Return how many commands have no answer."""
        return self.sent - self.answered - self.wrong - self.refused

    def complain(self, text: str) -> None:
        """Keep the first complaint."""
        self.complaint = self.complaint or text


class Connection(asyncio.Protocol):
    """A connection with clients of its own; their reports have growing times, so each one is new."""

    def __init__(self, plan: Plan, tally: Tally, number: int) -> None:
        self.due: deque[float] = deque()
        """When commands were due that there was no room to send yet."""
        self.is_open_ended = False
        """Whether there is always something to send."""
        self._plan = plan
        self._tally = tally
        last = max(plan.clients, number + 1)
        self._ids = [b"load-%d-%d" % (plan.seed, each) for each in range(number, last, plan.connections)]
        self._reports = 0
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._source = random.Random(plan.seed + number)  # noqa: S311 - no secret
        self._rest = b""
        self._is_lost = False
        self._is_closing = False
        self._idle: asyncio.Future[None] | None = None
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; asyncio has set TCP_NODELAY."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nothing more will come."""
        self._is_lost = True
        if not self._is_closing:
            self._tally.lost += 1
            self._tally.complain(f"a connection was lost: {exc or 'the server closed it'}")
        self._tell_if_idle()

    def give_up_due(self) -> int:
        """Send nothing more; return how many commands were due. They have waited at least until now."""
        now_s = time.perf_counter()
        for due_s in self.due:
            self._tally.latency.add(now_s - due_s)
        count = len(self.due)
        self.due.clear()
        return count

    async def idle(self) -> None:
        """Wait until every command has its answer, or can have none any more."""
        self._idle = asyncio.get_running_loop().create_future()
        self._tell_if_idle()
        await self._idle

    def _tell_if_idle(self) -> None:
        is_idle = self._is_lost or not (self.due or self._waiting)
        if is_idle and self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def close(self) -> None:
        """Close; what is still unanswered stays so."""
        if self._waiting:
            self._tally.complain(f"{len(self._waiting)} commands of a connection have no answer")
        self._waiting.clear()
        self._is_closing = True
        self._transport.close()

    def fill(self) -> None:
        """Send as many commands as there is room for, in one write."""
        room = self._plan.pipeline - len(self._waiting)
        if self._is_lost or room <= 0:
            return
        if self.is_open_ended:
            due = [time.perf_counter()] * room
        else:
            due = [self.due.popleft() for _ in range(min(room, len(self.due)))]
        if due:
            self._tally.sent += len(due)
            self._transport.write(b"".join([self._command(due_s) for due_s in due]))

    def _command(self, due_s: float) -> bytes:
        source, share = self._source, self._plan.whatsat_percent
        if share and self._reports and source.random() * 100 < share:
            self._waiting.append((due_s, _WHATSAT))
            return b"WHATSAT %b 10 5\n" % self._ids[source.randrange(min(self._reports, len(self._ids)))]
        client_id = self._ids[self._reports % len(self._ids)]
        self._reports += 1
        latitude, longitude = source.choice(CITIES)
        degrees = (latitude + source.random() / 2 - 0.25, longitude + source.random() / 2 - 0.25)
        report = b"%b %+.6f%+.6f %d.%09d" % (client_id, *degrees, *divmod(time.time_ns(), 10**9))
        self._waiting.append((due_s, report))
        return b"IAMAT %b\n" % report

    def data_received(self, data: bytes) -> None:
        """Take answers, and send what there is room for now."""
        now_s = time.perf_counter()
        got = self._rest + data
        at = 0
        while (end := self._end_of_answer(got, at)) is not None:
            self._take(got[at:end], now_s)
            at = end
        self._rest = got[at:]
        self.fill()
        self._tell_if_idle()

    def _end_of_answer(self, got: bytes, at: int) -> int | None:
        is_long = self._waiting and self._waiting[0][1] is _WHATSAT and not got.startswith(b"?", at)
        mark = b"\n\n" if is_long else b"\n"
        end = got.find(mark, at)
        return None if end < 0 else end + len(mark)

    def _take(self, answer: bytes, now_s: float) -> None:
        tally = self._tally
        if not self._waiting:
            tally.complain(f"an answer that nobody asked for: {answer[:200]!r}")
            tally.wrong += 1
            tally.sent += 1  # so that it counts as one error, not as less than none
            return
        due_s, report = self._waiting.popleft()
        if answer.startswith(b"?"):
            tally.refused += 1
            tally.complain(f"refused: {answer[:200]!r}")
        elif not answer.startswith(b"AT ") or not answer.endswith(b"%b\n" % (report or b"}\n")):
            tally.wrong += 1
            tally.complain(f"a wrong answer: {answer[:200]!r} to {report[:200]!r}")
        else:
            tally.latency.add(now_s - due_s)
            if report:
                tally.iamat += 1
            else:
                tally.whatsat += 1
