"""Scripts against a server's own connection protocol, without a socket: fast, and the same at every run.

The server is built as `twistd` builds it, with a clock that stands still and places that answer when the
fuzzer likes. Its clock moves only while a connection has nothing waiting, so it is known exactly for each
line that is read.
"""

from __future__ import annotations

import random
import weakref
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, field
from fuzzing.oracle import NS, Clock, Oracle, Question, Wrong
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock as Reactor
from twisted.logger import ILogObserver, globalLogBeginner, globalLogPublisher
from zope.interface import implementer

from herd.config.load import load_config
from herd.core.errors import HerdError
from herd.core.limits import Limits
from herd.places.answers import found, place, refused
from herd.places.finder import Finder
from herd.places.interfaces import Answer, IPlaces
from herd.places.interfaces import Question as Asked
from herd.server.build import build_node
from herd.server.clients import ClientFactory
from herd.server.world import World
from herd.testing import MemoryTransport

if TYPE_CHECKING:
    from pathlib import Path

    from fuzzing.inputs import Script
    from twisted.logger import LogEvent


NAME: Final = "Alford"
START_NS: Final = 1_700_000_000 * NS
LIMITS: Final = Limits(answers_waiting=20, commands_per_s=5000.0, record_lifetime_s=1e9)
"""Small enough that too many waiting answers and a pause for breath happen all the time; nothing expires."""
FEW: Final = 100
"""Clients held by a server that has room for few: less than there are in use, so that it always evicts."""

CLOSE_S: Final = 10.0
"""Within what time on the server's clock a connection must be over that the client has ended."""


@implementer(IPlaces)
@define(eq=False)
class FickleSource:
    """Places that repeat the question, some at once, some later; some refuse, some fail."""

    source: random.Random
    waiting: list[tuple[Deferred[Answer], Asked]] = field(factory=list)

    def near(self, question: Asked) -> Deferred[Answer]:
        """Answer at once, or remember the question."""
        if self.source.getrandbits(1):
            return succeed(_echo(question))
        waiting: Deferred[Answer] = Deferred()
        self.waiting.append((waiting, question))
        return waiting

    def release(self, count: int) -> None:
        """Answer some of the questions that wait, in any order."""
        for _ in range(min(count, len(self.waiting))):
            waiting, question = self.waiting.pop(self.source.randrange(len(self.waiting)))
            match self.source.randrange(8):
                case 0:
                    waiting.callback(refused("OVER_QUERY_LIMIT", "not today"))
                case 1:
                    waiting.errback(HerdError("no places here"))
                case _:
                    waiting.callback(_echo(question))

    def close(self) -> Deferred[None]:
        """Do nothing."""
        return succeed(None)


def _echo(question: Asked) -> Answer:
    """Return one place whose name says what was asked."""
    at = question.position
    name = repr((at.latitude, at.longitude, question.radius_km, question.bound))
    return found([place(name, at.latitude, at.longitude, "the question")])


def _check_echo(question: Question, places: dict[str, Any]) -> None:
    """Check that the server asked what the client wanted to know."""
    if question.bound == 0 or places.get("error_message"):
        if places["results"]:
            raise Wrong(f"{question} was answered with places: {places}")
        return
    second = max(question.position.rfind(b"+"), question.position.rfind(b"-"))
    degrees = float(question.position[:second]), float(question.position[second:])
    expected = repr((*degrees, float(question.radius), question.bound))
    if [result["name"] for result in places["results"]] != [expected]:
        raise Wrong(f"{question} became {places['results']}")


@implementer(ILogObserver)
@define(eq=False)
class Failures:
    """The failures that Twisted logs: among them those in a Deferred that nobody looked after."""

    texts: list[str] = field(factory=list)

    def __call__(self, event: LogEvent) -> None:
        """Keep a failure's traceback."""
        failure = event.get("log_failure")
        if failure is not None:
            self.texts.append(failure.getTraceback())


def let_logs_go() -> None:
    """Have Twisted throw its log away; until it is told what to do with it, it keeps the beginning."""
    globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)


class Server:
    """One server with one client at a time, and its files in `directory`.

    `room`: how many clients it holds. `lines`: whether it logs every line.
    """

    def __init__(self, directory: Path, seed: int, *, room: int, lines: bool) -> None:
        limits = evolve(LIMITS, clients_held=room)
        config = load_config()
        config = evolve(config, state=directory, limits=limits, logging=evolve(config.logging, lines=lines))
        self._source = random.Random(seed)  # noqa: S311 - no secret
        self._reactor: Any = Reactor()
        self._now_ns = START_NS
        self._places = FickleSource(self._source)
        world = World(self._reactor, lambda: self._now_ns, self._source)
        finder = Finder(self._places, self._reactor, LIMITS.places_timeout_s)
        self._node = build_node(config, NAME, world, finder)
        self._factory = ClientFactory(self._node.clients)
        self._log = config.log_file(NAME)
        self.oracle = Oracle(NAME.encode(), limits.line_bytes, limits.client_id_bytes, room, _check_echo)

    def run(self, script: Script) -> None:
        """Hold one connection; `Wrong` says what it should not have got."""
        self._source.seed(script.seed)
        failures = Failures()
        globalLogPublisher.addObserver(failures)
        try:
            freed = self._converse(script)
        finally:
            globalLogPublisher.removeObserver(failures)
        if failures.texts:
            raise Wrong(f"an error was logged: {failures.texts[0]}")
        if freed() is not None:
            raise Wrong("a closed connection is not freed")
        held = len(self._node.clients.replica.cache)
        if held != len(self.oracle.records):
            raise Wrong(f"{held} clients are held and not {len(self.oracle.records)}")

    def _converse(self, script: Script) -> weakref.ref[Any]:
        source, data = self._source, script.data
        transport = MemoryTransport(self._reactor, buffer_bytes=source.choice((100, 65_536)))
        connection = self._factory.buildProtocol(None)
        transport.connect(connection)
        ends, clocks, sent = script.cuts(), [], 0
        for end in ends:
            if transport.is_reading and not self._places.waiting:
                self._now_ns += source.randrange(1, 10 ** source.randrange(1, 12))
            clocks.append(self._now_ns)
            transport.receive(data[sent:end])
            sent = end
            self._meddle(transport)
        is_broken = not script.ends and transport.is_reading
        if is_broken:
            transport.lose()
        else:
            transport.drain()
            transport.receive_end()
        self._settle(transport)
        clocks.append(self._now_ns)
        self.oracle.check(
            data,
            transport.take(),
            lambda size: Clock(*[clocks[bisect_left(ends, size)]] * 2),
            ended=not is_broken,
            broken=is_broken,
        )
        return weakref.ref(connection)

    def _meddle(self, transport: MemoryTransport) -> None:
        """Let some of what waits go on, or make something wait."""
        source = self._source
        (transport.stall if source.randrange(8) == 0 else transport.drain)()
        self._places.release(source.randrange(3))
        self._reactor.advance(0)

    def _settle(self, transport: MemoryTransport) -> None:
        """Let everything go on until the connection is over."""
        deadline_s = self._reactor.seconds() + CLOSE_S
        while transport.is_connected:
            if self._reactor.seconds() > deadline_s:
                raise Wrong(f"the connection is still open {CLOSE_S:g} s after its end")
            self._places.release(len(self._places.waiting))
            self._reactor.advance(0.0 if self._places.waiting else 0.1)
        self._places.release(len(self._places.waiting))
        self._reactor.advance(0)

    def close(self) -> None:
        """Look through the log file for what could forge a line or color a terminal, and let go of it."""
        self._node.clients.log.flush()
        text = self._log.read_bytes()
        strange = sorted({byte for byte in text if not 32 <= byte < 127} - {10})  # noqa: PLR2004 - ASCII
        if strange:
            raise Wrong(f"the log file holds the bytes {strange}")
        self._node.clients.log.close()
        self._log.unlink()
