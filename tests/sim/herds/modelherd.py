"""A model of a herd: registers, delays, crashes, and clients who write down what they see.

It shares nothing with the herd but the order of records, which is written here again. A seed draws the
servers, their clocks, what answers promise, who reports and asks when, how long everything takes, and who
dies when.
"""

from __future__ import annotations

import json
import random
from decimal import Decimal
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from attrs import define, field

from herd.config.model import Durability
from herd.core.limits import Limits
from herd.sim.herds.circumstances import Circumstances, Outage
from herd.sim.herds.history import History

if TYPE_CHECKING:
    from collections.abc import Callable

S = 10**9
EPOCH_NS = 1_700_000_000 * S
FAULTS_S = 20
SETTLE_S = 5
END_S = 60
PLACES = json.dumps({"html_attributions": [], "results": [{"name": "Powell"}], "status": "OK"}).encode()
NO_PLACES = json.dumps({"html_attributions": [], "results": [], "status": "OK"}).encode()

Line = tuple[Decimal, bytes, bytes]
"""A record as it is ordered: its time, its origin, its AT line."""


@define(eq=False)
class ModelServer:
    name: str
    off_ns: int
    durability: Durability
    is_up: bool = True
    life: int = 0
    held: dict[bytes, Line] = field(factory=dict)


@define(eq=False)
class ModelSession:
    number: int
    server: ModelServer
    life: int
    arrives_ns: int = 0
    """When the last command arrives; the next one does not before."""
    answers_ns: int = 0
    waiting: list[tuple[int, bytes | None]] = field(factory=list)
    """Operations in their order, each with its answer once that is known."""
    is_over: bool = False


class ModelHerd:
    """Runs when it is made; `history` and `circumstances` are what came of it."""

    def __init__(self, seed: int, *, lifetime_s: float = 86_400.0, faults: bool = True) -> None:
        self.source = random.Random(seed)
        self.now = 0
        self.history = History(lambda: self.now)
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._lifetime_ns = round(lifetime_s * S)
        self._outages: list[Outage] = []
        durability: Durability = self.source.choice(["memory", "neighbor", "disk"])
        names = ["Alford", "Ball", "Hamilton", "Welsh"][: self.source.randint(2, 4)]
        self.servers = [
            ModelServer(name, self.source.choice([0, 0, -S // 2, 3 * S]), durability) for name in names
        ]
        self._sessions: list[ModelSession] = []
        self._reported: list[tuple[bytes, bytes, bytes]] = []
        self._plan(faults=faults)
        while self._heap:
            self.now, _, function, arguments = heappop(self._heap)
            function(*arguments)
        self.now = END_S * S
        self.history.finish()
        self.circumstances = Circumstances(
            neighbors={name: [other for other in names if other != name] for name in names},
            epoch_ns=EPOCH_NS,
            durability=dict.fromkeys(names, durability),
            limits=Limits(record_lifetime_s=lifetime_s),
            outages=self._outages,
            clocks_off_ns={server.name: (server.off_ns, server.off_ns) for server in self.servers},
            calm_ns=(FAULTS_S + 1) * S,
            settle_ns=SETTLE_S * S,
            patience_ns=5 * S,
        )

    def _plan(self, *, faults: bool) -> None:
        source = self.source
        for number in range(source.randint(1, 5)):
            self._at(source.randint(0, 3 * S), self._live, f"client {number}", source.randint(2, 30))
        for _ in range(source.randint(0, 3) if faults else 0):
            server = source.choice(self.servers)
            self._at(source.randint(0, (FAULTS_S - 6) * S), self._crash, server)
        for server in self.servers:
            for second in range(FAULTS_S + 1, END_S):
                self._at(second * S, self._reconcile, server)

    def _at(self, time_ns: int, function: Callable[..., None], *arguments: Any) -> None:
        self._count += 1
        heappush(self._heap, (max(time_ns, self.now), self._count, function, arguments))

    def _soon(self, most_s: float) -> int:
        # Often at the very same time, often far away.
        return self.now + self.source.choice([0, 1, self.source.randint(0, round(most_s * S))])

    # Clients.

    def _live(self, client: str, actions: int, session: ModelSession | None = None) -> None:
        if not actions or self.now > (END_S - 10) * S:
            return
        source = self.source
        if session is None or session.is_over or source.random() < 0.1:
            server = source.choice(self.servers)
            session = self._open(client, server) if server.is_up else None
        if session is not None:
            for _ in range(source.choice([1, 1, 2, 5])):
                self._send(session)
        self._at(self._soon(source.choice([1, 8])), self._live, client, actions - 1, session)

    def _open(self, client: str, server: ModelServer) -> ModelSession:
        session = ModelSession(self.history.open(client, server.name), server, server.life)
        self._sessions.append(session)
        return session

    def _send(self, session: ModelSession) -> None:
        command = self._command()
        number = self.history.begin(session.number, command)
        session.waiting.append((number, None))
        session.arrives_ns = max(session.arrives_ns, self._soon(0.5))
        self._at(session.arrives_ns, self._arrive, session, number, command)

    def _command(self) -> bytes:
        source = self.source
        client_id = source.choice([b"kiwi", b"\xff", b"moa"])
        if source.random() < 0.4:
            return b"WHATSAT %b 10 %d\n" % (client_id, source.choice([0, 1, 5]))
        if source.random() < 0.1:
            return source.choice([b"nonsense\n", b"\r\n", b"IAMAT kiwi +1\n"])
        if self._reported and source.random() < 0.2:
            report = source.choice(self._reported)
        else:
            time = source.choice([b"%d", b"%d.5", b"%d.000000000"]) % source.randint(1, 99)
            report = (client_id, b"%+d-1" % source.randint(0, 90), time)
            self._reported.append(report)
        return b"IAMAT %b %b %b" % report + source.choice([b"\n", b"\n", b"\r\n"])

    # Servers.

    def _arrive(self, session: ModelSession, number: int, command: bytes) -> None:
        server = session.server
        if session.is_over:
            return
        words = command.split()
        if words[:1] == [b"WHATSAT"]:
            self._say(session, number, self._where(server, words[1], int(words[3])) or b"? " + command)
        elif len(words) == 4:
            ending = b"\r\n" if command.endswith(b"\r\n") else b"\n"
            line, delays = self._report(server, *words[1:])
            if server.durability == "neighbor":  # nobody may have it before one of the others does
                delay = min(delays, default=None)
                at_ns = self.now + 5 * S if delay is None else self.now + delay
                answer = b"? " + command if delay is None else line + ending
                self._at(at_ns, self._say, session, number, answer)
            else:
                self._say(session, number, line + ending)
        else:
            self._say(session, number, b"? " + command)

    def _where(self, server: ModelServer, client_id: bytes, bound: int) -> bytes | None:
        held = self._held(server, client_id)
        return None if held is None else held[2] + b"\n" + (PLACES if bound else NO_PLACES) + b"\n\n"

    def _held(self, server: ModelServer, client_id: bytes) -> Line | None:
        held = server.held.get(client_id)
        if held is not None and self._received_ns(held) + self._lifetime_ns <= self._wall_ns(server):
            return None
        return held

    def _wall_ns(self, server: ModelServer) -> int:
        return EPOCH_NS + self.now + server.off_ns

    @staticmethod
    def _received_ns(record: Line) -> int:
        return round((Decimal(record[2].split()[2].decode()) + record[0]) * S)

    def _report(
        self, server: ModelServer, client_id: bytes, position: bytes, time: bytes
    ) -> tuple[bytes, list[int]]:
        """Take a report; return the answer, and in how long each of the others will have the record."""
        held = self._held(server, client_id)
        made = Decimal(time.decode())
        if held is not None and held[2].split()[4:] == [position, time]:
            return held[2], self._flood(server, client_id, held)
        off = Decimal(self._wall_ns(server)).scaleb(-9) - made
        origin = server.name.encode()
        record = (
            made,
            origin,
            b"AT %b %b %b %b %b" % (origin, f"{off:+.9f}".encode(), client_id, position, time),
        )
        record = record if held is None else max(held, record)
        server.held[client_id] = record
        return record[2], self._flood(server, client_id, record)

    def _flood(self, server: ModelServer, client_id: bytes, record: Line) -> list[int]:
        delays = []
        for other in self.servers:
            if other is not server and other.is_up:
                delay = self._soon(1.5) - self.now
                self._at(self.now + delay, self._learn, other, other.life, client_id, record)
                if other.durability != "neighbor" or self._stays_up(other, self.now + delay):
                    delays.append(delay)
        return delays

    def _stays_up(self, server: ModelServer, until_ns: int) -> bool:
        crashes = (entry for entry in self._heap if entry[2] == self._crash)
        return all(entry[0] > until_ns for entry in crashes if entry[3][0] is server)

    def _learn(self, server: ModelServer, life: int, client_id: bytes, record: Line) -> None:
        if not server.is_up or server.life != life:
            return
        if self._received_ns(record) + self._lifetime_ns <= self._wall_ns(server):
            return
        held = self._held(server, client_id)
        if held is None or record > held:
            server.held[client_id] = record
            self._flood(server, client_id, record)

    def _reconcile(self, server: ModelServer) -> None:
        for client_id, record in server.held.items():
            if server.is_up and self._held(server, client_id) is not None:
                for other in self.servers:
                    self._at(self._soon(0.9), self._learn, other, other.life, client_id, record)

    def _say(self, session: ModelSession, number: int, answer: bytes) -> None:
        """Make an answer known; it leaves when those before it have."""
        if session.is_over:
            return
        session.waiting = [(each, answer if each == number else old) for each, old in session.waiting]
        while session.waiting and session.waiting[0][1] is not None:
            first, ready = session.waiting.pop(0)
            session.answers_ns = max(session.answers_ns, self._soon(0.5))
            self._at(session.answers_ns, self._hear, session, first, ready)

    def _hear(self, session: ModelSession, number: int, answer: bytes) -> None:
        if self.history.sessions[session.number].ending == "open":
            self.history.answer(number, answer)

    # Faults.

    def _crash(self, server: ModelServer) -> None:
        if not server.is_up:
            return
        server.is_up = False
        for session in self._sessions:
            if session.server is server and not session.is_over:
                session.is_over = True
                self._at(self._soon(0.3), self._lose, session)
        if server.durability != "disk":
            server.held.clear()
        up_ns = self._soon(5)
        self._outages.append(Outage(server.name, self.now, up_ns))
        self._at(up_ns, self._restart, server)

    def _lose(self, session: ModelSession) -> None:
        self.history.close(session.number, self.source.choice(["lost", "server"]))

    def _restart(self, server: ModelServer) -> None:
        server.is_up = True
        server.life += 1
