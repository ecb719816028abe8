"""A server's links without a socket: scripts are held with it, and everything that it does is compared.

It is the real server's links around a real cache, with a clock that the fuzzer moves. Ball's link is the
fuzzer's to spoil; Welsh has a link too, an honest one, on which all that becomes known must arrive.
"""

from __future__ import annotations

import random
import re
import weakref
from typing import TYPE_CHECKING, Any, Final

from fuzzing.link_inputs import OTHER, PEER, LinkScript
from fuzzing.link_oracle import Expectation, LinkOracle
from fuzzing.link_protocol import CLIENT_ID_BYTES, HERD, LINE_BYTES, SECRET, SERVER, hello, parse_record
from fuzzing.link_walk import HonestNeighbor
from fuzzing.oracle import NS, Wrong
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.interfaces import IProtocol, IStreamClientEndpoint
from twisted.logger import globalLogPublisher
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
    from collections.abc import Iterator

    from twisted.logger import LogEvent

    from fuzzing.link_protocol import Role

HONEST: Final = "Welsh"
LIFETIME_S: Final = 1e9
START_NS: Final = 1_700_000_000 * NS
ROOMY: Final = 1_000_000
END_S: Final = 30.0

_TOKEN: Final = re.compile(rb"<(proof|wrong-role|old-proof|nonce)>")
_CONTROL: Final = re.compile(rb"<(walk|report|reconcile|wait ([0-9]{1,2}))>\n")


@implementer(IStreamClientEndpoint)
class Gate:
    """Refuses every dial, but for one that is waited for."""

    def __init__(self, clock: TurningClock) -> None:
        self.is_open = False
        self.dialed: list[MemoryTransport] = []
        self._clock = clock

    def connect(self, protocolFactory: Any) -> Deferred[IProtocol]:  # noqa: N803 - the interface's
        """Dial."""
        if not self.is_open:
            return fail(Refused())
        self.is_open = False
        transport = MemoryTransport(self._clock)
        protocol = protocolFactory.buildProtocol(None)
        self.dialed.append(transport)
        transport.connect(protocol)
        return succeed(protocol)


class LinkServer:
    """One server. `room`: clients that it holds. `lines`: whether it logs every line."""

    def __init__(self, seed: int, *, room: int, lines: bool) -> None:
        limits = Limits(
            line_bytes=LINE_BYTES, client_id_bytes=CLIENT_ID_BYTES, clients_held=room, record_lifetime_s=LIFETIME_S
        )
        self._room = room
        self._source = random.Random(seed)  # noqa: S311 - no secret
        self._clock = TurningClock()
        world = World(self._clock, lambda: self._now_ns, self._source)
        self._logged: list[str] = []
        self._log = EventLog(SERVER, world, self._logged.append, lines=lines, as_json=False)
        identity = Identity(herd=HERD, name=SERVER, instance=world.token(), secret=SECRET)
        context = LinkContext(identity=identity, limits=limits, log=self._log, world=world)
        self.replica = Replica(SERVER, (PEER, OTHER, HONEST), limits)
        self._gate = Gate(self._clock)
        shut = Gate(self._clock)
        self.neighbors = Neighbors(self.replica, context, {PEER: self._gate, OTHER: shut, HONEST: shut})
        self.oracle = LinkOracle(round(LIFETIME_S * NS))
        self._old_proof = b"0" * 64
        self._failures: list[str] = []
        self._reports = 0
        self.neighbors.start()
        self._honest, self._honest_end = self._make_honest()

    @property
    def _now_ns(self) -> int:
        return START_NS + round(self._clock.seconds() * NS)

    def _make_honest(self) -> tuple[Expectation, MemoryTransport]:
        """Bring the link to the honest neighbor up."""
        expected, transport = self._accept((HONEST,))
        for line in (hello(HONEST, SERVER, "honest", "n"), b""):
            data = (line or b"PROOF " + expected.proof(right=True)) + b"\n"
            expected.get(data, self._clock.seconds(), self._now_ns)
            transport.receive(data)
            self._clock.turns()
            expected.send(transport.take())
        if not expected.is_up:
            raise Wrong("the honest neighbor has no link")
        return expected, transport

    def _accept(self, peers: tuple[str, ...], buffer_bytes: int = 65_536) -> tuple[Expectation, MemoryTransport]:
        expected = Expectation(self.oracle, "acceptor", peers, self._clock.seconds())
        transport = MemoryTransport(self._clock, buffer_bytes=buffer_bytes)
        transport.connect(self.neighbors.acceptor().buildProtocol(None))
        return expected, transport

    def _be_dialed(self) -> tuple[Expectation, MemoryTransport]:
        self._gate.is_open = True
        deadline_s = self._clock.seconds() + END_S
        while not self._gate.dialed:
            if self._clock.seconds() > deadline_s:
                raise Wrong(f"it has not dialed for {END_S:g} s")
            self._pass(0.5)
        return Expectation(self.oracle, "dialer", (PEER,), self._clock.seconds()), self._gate.dialed.pop()

    def _pass(self, seconds: float) -> None:
        """Let time pass; the honest neighbor gives its signs of life, and gets what it is owed."""
        self._clock.turns()
        self._clock.advance(seconds)
        self._clock.turns()
        self._honest_end.receive(b"PING 0\n")
        self._clock.turns()
        self._honest.send(self._honest_end.take())

    def run(self, script: LinkScript) -> None:
        """Hold one connection; `Wrong` says what should not have happened."""
        self._source.seed(script.seed)
        globalLogPublisher.addObserver(self._note_failure)
        try:
            freed = Talk(self, script).hold()
        finally:
            globalLogPublisher.removeObserver(self._note_failure)
        if self._failures:
            raise Wrong(f"an error was logged: {self._failures.pop()}")
        if freed() is not None:
            raise Wrong("a closed connection is not freed")
        self._pass(0)
        self._check_rest()

    def _check_rest(self) -> None:
        """Check what a server is between two connections."""
        if not self._honest_end.is_connected:
            raise Wrong("the link to the honest neighbor was closed")
        if len(self.neighbors.connections) != 1 or len(self.neighbors.strangers) != 0:
            raise Wrong("a connection is counted that is over")
        for status in self.neighbors.status():
            if status.outbox:
                raise Wrong(f"{status.name} is still owed {status.outbox} records")
        self.check_records()

    def check_records(self) -> None:
        """Compare every record with what it must be."""
        held = {id_: line for shard in range(SHARDS) for id_, line in self.replica.cache.shard(shard).items()}
        if self._room < ROOMY:
            wrong = [line for line in held.values() if line not in self.oracle.lines]
            if len(held) > self._room or wrong:
                raise Wrong(f"{len(held)} records are held, of which nobody gave {wrong}")
            return
        expected = {id_: record.line for id_, record in self.oracle.records.items()}
        if held != expected:
            strange = [line for id_, line in held.items() if expected.get(id_) != line]
            missing = [line for id_, line in expected.items() if held.get(id_) != line]
            raise Wrong(f"it holds {strange} and not {missing}")

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

    def _note_failure(self, event: LogEvent) -> None:
        failure = event.get("log_failure")
        if failure is not None:
            self._failures.append(failure.getTraceback())
