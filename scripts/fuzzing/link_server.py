"""A server's links without a socket: scripts are held with it, and everything that it does is compared.

It is the real server's links around a real cache, with a clock that the fuzzer moves. Ball's link is the
fuzzer's to spoil; Welsh has a link too, an honest one, on which all that becomes known must arrive.
"""

from __future__ import annotations

import random
import weakref
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import define, field
from fuzzing.link_inputs import OTHER, PEER, LinkScript
from fuzzing.link_oracle import Expectation, LinkOracle
from fuzzing.link_protocol import (
    CLIENT_ID_BYTES,
    CLIENTS,
    HERD,
    LIFETIME_S,
    LINE_BYTES,
    SECRET,
    SERVER,
    hello,
    parse_record,
)
from fuzzing.link_talk import Talk
from fuzzing.oracle import NS, Wrong
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint
from twisted.logger import ILogObserver, globalLogPublisher
from zope.interface import implementer

from herd.core.cache import SHARDS
from herd.core.handshake import Identity
from herd.core.limits import Limits
from herd.core.replica import Replica
from herd.server.eventlog import EventLog
from herd.server.links import LinkContext
from herd.server.neighbors import Neighbors
from herd.server.world import World
from herd.testing import MemoryTransport, TurningClock

if TYPE_CHECKING:
    from twisted.logger import LogEvent

HONEST: Final = "Welsh"
START_NS: Final = 1_700_000_000 * NS
ROOMY: Final = 1_000_000
DIAL_S: Final = 30.0
PEERS: Final = (PEER, OTHER, HONEST)


End: TypeAlias = "tuple[Expectation, MemoryTransport, weakref.ref[Any]]"
"""A connection: what must become of it, its server's end, and the server's protocol."""


@implementer(IStreamClientEndpoint)
class Gate:
    """Refuses every dial, but for one that is waited for."""

    def __init__(self, clock: TurningClock) -> None:
        self.is_open = False
        self.dialed: list[tuple[MemoryTransport, weakref.ref[Any]]] = []
        self._clock = clock

    def connect(self, protocolFactory: Any) -> Deferred[IProtocol]:  # noqa: N803 - the interface's
        """Dial."""
        if not self.is_open:
            return fail(Refused())
        self.is_open = False
        transport = MemoryTransport(self._clock)
        protocol = protocolFactory.buildProtocol(None)
        self.dialed.append((transport, weakref.ref(protocol)))
        transport.connect(protocol)
        return succeed(protocol)


class LinkServer:
    """One server. `room`: clients that it holds. `lines`: whether it logs every line."""

    def __init__(self, seed: int, *, room: int, lines: bool) -> None:
        limits = Limits(
            line_bytes=LINE_BYTES,
            client_id_bytes=CLIENT_ID_BYTES,
            clients_held=room,
            record_lifetime_s=LIFETIME_S,
        )
        self.clock = TurningClock()
        self.old_proof = b"0" * 64
        """A right proof, of an earlier connection."""
        self.oracle = LinkOracle(round(LIFETIME_S * NS), evicts=room < ROOMY)
        self._room = room
        self._source = random.Random(seed)  # noqa: S311 - no secret
        self._failures = Failures()
        self._reports = 0
        world = World(self.clock, lambda: self.now_ns, self._source)
        self._logged: list[str] = []
        self._log = EventLog(SERVER, world, self._logged.append, lines=lines, as_json=False)
        identity = Identity(herd=HERD, name=SERVER, instance=world.token(), secret=SECRET)
        context = LinkContext(identity=identity, limits=limits, log=self._log, world=world)
        self._replica = Replica(SERVER, PEERS, limits)
        self._gate = Gate(self.clock)
        shut = Gate(self.clock)
        self.neighbors = Neighbors(self._replica, context, {PEER: self._gate, OTHER: shut, HONEST: shut})
        self.neighbors.start()
        self._honest, self._honest_end, _ = self._make_honest()

    @property
    def now_ns(self) -> int:
        """Return the server's clock."""
        return START_NS + round(self.clock.seconds() * NS)

    def _make_honest(self) -> End:
        """Bring the link to the honest neighbor up."""
        end = expected, transport, _ = self.accept()
        for line in (hello(HONEST, SERVER, "honest", "n"), b"PROOF "):
            data = line + (expected.proof(right=True) if line == b"PROOF " else b"") + b"\n"
            expected.get(data, self.clock.seconds(), self.now_ns)
            transport.receive(data)
            self.clock.turns()
            expected.send(transport.take())
        if not expected.is_up:
            raise Wrong("the honest neighbor has no link")
        return end

    def accept(self, buffer_bytes: int = 65_536) -> End:
        """Dial the server."""
        expected = Expectation(self.oracle, "acceptor", PEERS, self.clock.seconds())
        transport = MemoryTransport(self.clock, buffer_bytes=buffer_bytes)
        protocol = self.neighbors.acceptor().buildProtocol(None)
        transport.connect(protocol)
        return expected, transport, weakref.ref(protocol)

    def be_dialed(self) -> End:
        """Wait until the server dials."""
        self._gate.is_open = True
        deadline_s = self.clock.seconds() + DIAL_S
        while not self._gate.dialed:
            if self.clock.seconds() > deadline_s:
                raise Wrong(f"it has not dialed for {DIAL_S:g} s")
            self.pass_time(0.5)
        return Expectation(self.oracle, "dialer", (PEER,), self.clock.seconds()), *self._gate.dialed.pop()

    def pass_time(self, seconds: float) -> None:
        """Let time pass; the honest neighbor gives a sign of life, and gets what it is owed."""
        self.clock.turns()
        self.clock.advance(seconds)
        self.clock.turns()
        self._honest_end.receive(b"PING 0\n")
        self.clock.turns()
        self._honest.send(self._honest_end.take())
        self._honest_end.writes.clear()

    def report(self) -> None:
        """Have a client report to the server."""
        self._reports += 1
        client_id, time = (
            self._source.choice(CLIENTS),
            b"%d.25" % (1_699_999_200 + self._reports),
        )
        report = (b"", client_id, b"+2.0-2.0", time)
        (line,) = self._replica.report([report], self.now_ns)
        record = parse_record(line.rstrip(b"\n"))
        assert record is not None
        self.oracle.offer(record, self.now_ns)

    def run(self, script: LinkScript) -> int:
        """Hold one connection; return how many lines were said. `Wrong`: what should not have happened."""
        self._source.seed(script.seed)
        globalLogPublisher.addObserver(self._failures)
        try:
            talk = Talk(self, script, self._source)
            freed = talk.hold()
        finally:
            globalLogPublisher.removeObserver(self._failures)
        if self._failures.texts:
            raise Wrong(f"an error was logged: {self._failures.texts.pop()}")
        if freed() is not None:
            raise Wrong("a closed connection is not freed")
        self.pass_time(0)
        self._check_rest()
        return talk.said

    def _check_rest(self) -> None:
        """Check what a server is between two connections."""
        if not self._honest_end.is_connected:
            raise Wrong("the link to the honest neighbor was closed")
        if len(self.neighbors.connections) != 1 or len(self.neighbors.strangers) != 0:
            raise Wrong("a connection is counted that is over")
        for status in self.neighbors.status():
            if status.outbox:
                raise Wrong(f"{status.name} is still owed {status.outbox} records")
        self._check_records()

    def _check_records(self) -> None:
        """Compare every record with what it must be, here and at the honest neighbor."""
        held = {
            id_: line for shard in range(SHARDS) for id_, line in self._replica.cache.shard(shard).items()
        }
        if self._room < ROOMY:
            wrong = [line for line in held.values() if line not in self.oracle.lines]
            if len(held) > self._room or wrong:
                raise Wrong(f"{len(held)} records are held, of which nobody gave {wrong}")
            return
        expected = {id_: record.line for id_, record in self.oracle.records.items()}
        for who, records in ("it holds", held), ("it has told its neighbor", self._honest.said):
            if records != expected:
                strange = [line for id_, line in records.items() if expected.get(id_) != line]
                missing = [line for id_, line in expected.items() if records.get(id_) != line]
                raise Wrong(f"{who} {strange} and not {missing}")

    def check_agreement(self, records: dict[bytes, bytes]) -> None:
        """Compare what a neighbor holds, after an honest reconciliation, with what the server holds."""
        if self._room >= ROOMY:
            expected = {id_: record.line for id_, record in self.oracle.records.items()}
            if records != expected:
                differ = sorted(id_ for id_ in expected | records if expected.get(id_) != records.get(id_))
                raise Wrong(f"after a reconciliation the two sides differ in {differ}")

    def close(self) -> None:
        """Look through the log for the secret, and for what could forge a line."""
        self._log.flush()
        text = "".join(self._logged)
        for secret in (SECRET.decode("latin-1"), SECRET.hex(), ascii(SECRET)[2:-1], "an-open-secret"):
            if secret in text:
                raise Wrong("the secret stands in the log")
        strange = sorted(set(text.encode()) - set(range(32, 127)) - {10})
        if strange:
            raise Wrong(f"the log holds the bytes {strange}")


@implementer(ILogObserver)
@define
class Failures:
    """What was logged with a failure, in words."""

    texts: list[str] = field(factory=list)

    def __call__(self, event: LogEvent) -> None:
        """Look at what is logged."""
        failure = event.get("log_failure")
        if failure is not None:
            self.texts.append(failure.getTraceback())
