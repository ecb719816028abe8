"""A history like those of a five-server herd, made up: floods, a partition, a crash, a connection refused.

No server runs: everything is drawn from a seed, so a picture can be tested without the simulator.
"""

from __future__ import annotations

from heapq import heappop, heappush
from io import BytesIO
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.trace import NOBODY, Kind, Trace
from herd.sim.engine.tracefile import TraceFile, read_trace

if TYPE_CHECKING:
    from collections.abc import Callable

SERVERS: Final = ("Alford", "Ball", "Hamilton", "Holiday", "Welsh")
LINKS: Final = ((0, 2), (0, 4), (1, 3), (1, 4), (2, 3))
CLIENT: Final = len(SERVERS)
_MS: Final = 1_000_000
_S: Final = 1_000_000_000


class History:
    """Events in the order of time, each of which may ask for later ones."""

    def __init__(self, seed: int = 1) -> None:
        self.random = Random(seed)
        self.file = BytesIO()
        self.trace = Trace(self.file, {"scenario": "five-servers", "seed": seed})
        self.now_ns = 0
        self._queue: list[tuple[int, int, Callable[..., object], tuple[Any, ...]]] = []
        self._numbers = count()
        self._seen: dict[tuple[int, bytes], None] = {}
        self._flows: dict[tuple[int, int], int] = {}
        self._next_flow = count(1)
        self._cut: dict[tuple[int, int], None] = {}
        self._arrives: dict[tuple[int, int], int] = {}

    def at(self, time_ns: int, function: Callable[..., object], *args: Any) -> None:
        heappush(self._queue, (time_ns, next(self._numbers), function, args))

    def add(  # noqa: PLR0917 - the fields of an event
        self, kind: Kind, host: int, peer: int = NOBODY, flow: int = 0, size: int = 0, data: bytes = b""
    ) -> None:
        self.trace.add(kind, self.now_ns, host, peer, flow, size, data)

    def run(self) -> TraceFile:
        while self._queue:
            self.now_ns, _, function, args = heappop(self._queue)
            function(*args)
        self.trace.close()
        return read_trace(self.file.getvalue())

    # What happens.

    def boot(self) -> None:
        for index, name in enumerate((*SERVERS, "client")):
            self.add(Kind.HOST, index, data=f"{name} 10.0.0.{index + 1}".encode())
        for index in range(len(SERVERS)):
            self.at(index * 3 * _MS, self.start, index)
        for a, b in LINKS:
            self.at(20 * _MS + a * 4 * _MS, self.connect, a, b)

    def start(self, host: int) -> None:
        self.add(Kind.START, host, data=b"twistd herd")

    def connect(self, a: int, b: int) -> None:
        flow = next(self._next_flow)
        self.add(Kind.CONNECT, a, b, flow, 12000 + b)
        there = self.delay_ns()
        self.at(self.now_ns + 2 * there, self.connected, a, b, flow, there)

    def connected(self, a: int, b: int, flow: int, there_ns: int) -> None:
        self.add(Kind.CONNECTED, a, b, flow)
        self._flows[a, b] = self._flows[b, a] = flow
        self._arrives[a, b] = self.now_ns + there_ns
        self.at(self.now_ns + there_ns, self.add, Kind.ACCEPT, b, a, flow)
        if a != CLIENT:
            self.send(a, b, f"HELLO {SERVERS[a]} 1\n".encode())

    def refused(self, a: int, b: int) -> None:
        flow = next(self._next_flow)
        self.add(Kind.CONNECT, a, b, flow, 12000 + b)
        self.at(self.now_ns + 2 * self.delay_ns(), self.add, Kind.REFUSED, a, b, flow)

    def report(self, server: int) -> None:
        if (CLIENT, server) not in self._flows:
            self.connect(CLIENT, server)
            self.at(self.now_ns + 80 * _MS, self.report, server)
            return
        latitude = self.random.uniform(10, 80)
        self.add(Kind.STEP, NOBODY, data=f"Report('client', {SERVERS[server]!r})".encode())
        line = f"IAMAT kiwi.cs.ucla.edu +{latitude:.6f}-118.445127 {self.now_ns / _S:.9f}\n"
        self.send(CLIENT, server, line.encode())

    def ask(self, server: int) -> None:
        self.send(CLIENT, server, b"WHATSAT kiwi.cs.ucla.edu 10 5\n")

    def send(self, a: int, b: int, data: bytes) -> None:
        flow = self._flows[a, b]
        self.add(Kind.SEND, a, b, flow, len(data), data)
        self._transmit(a, b, data, 0)

    def _transmit(self, a: int, b: int, data: bytes, attempt: int) -> None:
        if (a, b) in self._cut or self.random.random() < 0.02:
            self.add(Kind.LOST, a, b, self._flows[a, b], len(data))
            self.at(self.now_ns + (200 << attempt) * _MS, self._transmit, a, b, data, attempt + 1)
            return
        arrives = max(self.now_ns + self.delay_ns(), self._arrives.get((a, b), 0) + 1000)
        self._arrives[a, b] = arrives
        self.at(arrives, self.deliver, b, a, data)

    def deliver(self, host: int, peer: int, data: bytes) -> None:
        self.add(Kind.DELIVER, host, peer, self._flows[host, peer], len(data), data)
        if host == CLIENT or data.startswith(b"HELLO"):
            return
        if data.startswith(b"WHATSAT"):
            self.send(host, peer, b'AT Alford +0.263873386 kiwi.cs.ucla.edu\n{"results": []}\n\n')
            return
        at = data
        if data.startswith(b"IAMAT"):
            at = f"AT {SERVERS[host]} +0.263873386 ".encode() + data[6:]
            self.send(host, peer, at)
        if (host, at) in self._seen:
            return
        self._seen[host, at] = None
        for a, b in LINKS:
            neighbor = b if a == host else a
            if host in {a, b} and neighbor != peer and (host, neighbor) in self._flows:
                self.send(host, neighbor, at)
        self.at(self.now_ns + 50_000, self.add, Kind.TIMER, host, NOBODY, 0, 0, b"herd.server.pace.tick")

    def partition(self, ones: tuple[int, ...], for_ns: int) -> None:
        others = tuple(each for each in range(len(SERVERS)) if each not in ones)
        names = tuple(SERVERS[each] for each in ones)
        text = f"Partition(hosts={names!r}, others={tuple(SERVERS[each] for each in others)!r})".encode()
        self.add(Kind.FAULT, NOBODY, data=text)
        pairs = [(a, b) for a in ones for b in others] + [(b, a) for a in ones for b in others]
        self._cut.update(dict.fromkeys(pairs))
        self.at(self.now_ns + for_ns, self.heal, text, pairs)

    def heal(self, text: bytes, pairs: list[tuple[int, int]]) -> None:
        self.add(Kind.HEAL, NOBODY, data=text)
        for pair in pairs:
            self._cut.pop(pair, None)

    def crash(self, host: int, for_ns: int) -> None:
        text = f"Crash(host={SERVERS[host]!r})".encode()
        self.add(Kind.FAULT, NOBODY, data=text)
        self.add(Kind.EXIT, host, size=-9)
        for a, b in LINKS:
            if host in {a, b}:
                peer = b if a == host else a
                flow = self._flows.pop((host, peer))
                self._flows.pop((peer, host))
                self.add(Kind.RESET, host, peer, flow)
                gone = (Kind.GONE, peer, host, flow, 0, b"ConnectionLost")
                self.at(self.now_ns + self.delay_ns(), self.add, *gone)
                self.at(self.now_ns + 90 * _MS, self.refused, peer, host)
        self.at(self.now_ns + for_ns, self.reboot, host, text)

    def reboot(self, host: int, text: bytes) -> None:
        self.add(Kind.HEAL, NOBODY, data=text)
        self.start(host)
        self.add(Kind.NOTE, host, data=b"journal: 3 records read")
        for a, b in LINKS:
            if host in {a, b}:
                self.at(self.now_ns + 15 * _MS, self.connect, a, b)

    def delay_ns(self) -> int:
        return self.random.randrange(5 * _MS, 14 * _MS)


def five_servers(seed: int = 1) -> TraceFile:
    """Return a history of six seconds with a partition and a crash."""
    history = History(seed)
    history.at(0, history.boot)
    history.at(1_000 * _MS, history.report, 0)
    history.at(2_000 * _MS, history.partition, (0, 4), 1200 * _MS)
    history.at(2_100 * _MS, history.report, 1)
    history.at(2_160 * _MS, history.ask, 0)
    history.at(3_900 * _MS, history.crash, 2, 900 * _MS)
    history.at(4_300 * _MS, history.report, 0)
    history.at(5_500 * _MS, history.report, 2)
    return history.run()


def floods(reports: int, seed: int = 1) -> TraceFile:
    """Return a history in which so many reports are flooded, one every 40 ms."""
    history = History(seed)
    history.at(0, history.boot)
    for number in range(reports):
        history.at((1000 + 40 * number) * _MS, history.report, history.random.randrange(len(SERVERS)))
    return history.run()
