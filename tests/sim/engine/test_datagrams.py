from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.error import CannotListenError, MessageLengthError, MulticastJoinError
from twisted.internet.protocol import DatagramProtocol

from herd.sim.engine.datagrams import buffer_bytes
from herd.sim.engine.faults import LinkDown, PowerCut
from herd.sim.engine.profile import Constant, Profile, Uniform
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Kind, Trace
from herd.sim.engine.tracefile import TraceFile

Event = tuple[float, str, str, bytes, tuple[str, int] | None]


class Ear(DatagramProtocol):
    """Notes what it hears: (milliseconds, its host, what, bytes, from)."""

    transport: Any
    noisy = False

    def __init__(self, land: Land, host: str) -> None:
        self.land = land
        self.host = host

    def note(self, what: str, data: bytes = b"", address: tuple[str, int] | None = None) -> None:
        self.land.seen.append((self.land.simulation.now_ns / 1e6, self.host, what, data, address))

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        self.note("hears", datagram, addr)

    def connectionRefused(self) -> None:
        self.note("refused")


class Land:
    """Two hosts or more with an ear each, at port 500."""

    def __init__(self, profile: Profile | None = None, hosts: str = "ab", seed: int = 1) -> None:
        self.file = BytesIO()
        self.trace = Trace(self.file)
        self.simulation = Simulation(seed, profile=profile or Profile(latency=Constant(1)), trace=self.trace)
        self.seen: list[Event] = []
        self.ears: dict[str, Ear] = {}
        for name in hosts:
            self.simulation.host(name).start(Call(self.listen, name))
        self.simulation.run(0)

    def listen(self, reactor: Any, name: str) -> None:
        self.ears[name] = Ear(self, name)
        reactor.listenUDP(500, self.ears[name])

    def do(self, host: str, function: Any, *args: Any) -> None:
        """Call a function in a program of a host."""
        self.simulation.hosts[host].start(Call(lambda _reactor: function(*args)))

    def say(self, host: str, data: bytes, address: tuple[str, int]) -> None:
        process = self.simulation.hosts[host].processes[0]
        self.simulation.schedule(
            self.simulation.now_ns, process, self.ears[host].transport.write, (data, address)
        )

    def run(self, seconds: float = 1.0) -> list[Event]:
        self.simulation.run(self.simulation.now_ns / 1e9 + seconds)
        assert self.simulation.problems == []
        return self.seen

    def kinds(self) -> list[tuple[str, int, int, int, int]]:
        """Return what the trace tells of datagrams: kind, host, peer, flow, size."""
        self.trace.close()
        self.file.seek(0)
        wanted = {Kind.DATAGRAM, Kind.DATAGRAM_IN, Kind.DATAGRAM_LOST}
        first = min((each.flow for each in TraceFile(self.file) if each.kind in wanted), default=0)
        self.file.seek(0)
        return [
            (Kind(each.kind).name, each.host, each.peer, each.flow - first, each.size)
            for each in TraceFile(self.file)
            if each.kind in wanted
        ]


A, B, C = ("10.0.0.1", 500), ("10.0.0.2", 500), ("10.0.0.3", 500)
