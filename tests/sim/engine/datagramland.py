"""Hosts, each with an ear at UDP port 500; what ears hear is told with its time in milliseconds."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from twisted.internet.protocol import DatagramProtocol

from herd.sim.engine.profile import Constant, Profile
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Kind, Trace
from herd.sim.engine.tracefile import read_trace

if TYPE_CHECKING:
    from collections.abc import Callable

Address = tuple[str, int]

A, B, C = ("10.0.0.1", 500), ("10.0.0.2", 500), ("10.0.0.3", 500)
EVERYBODY = ("255.255.255.255", 500)
GROUP = ("224.0.0.7", 500)
MILLISECOND = Profile(latency=Constant(1))
QUIET = {Kind.DATAGRAM, Kind.DATAGRAM_IN, Kind.DATAGRAM_LOST}


class Ear(DatagramProtocol):
    transport: Any
    noisy = False

    def __init__(self, land: Land, host: str) -> None:
        self.land = land
        self.host = host

    def note(self, what: str) -> None:
        self.land.seen.append(f"{self.land.simulation.now_ns / 1e6:g} {self.host} {what}")

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:
        self.note(f"{datagram!r} from {addr[0]}:{addr[1]}")

    def connectionRefused(self) -> None:
        self.note("refused")

    def stopProtocol(self) -> None:
        self.note("stopped")


class Land:
    """Hosts, each with an ear, and what all of them hear."""

    def __init__(self, profile: Profile = MILLISECOND, hosts: str = "ab", seed: int = 1) -> None:
        self.file = BytesIO()
        self.trace = Trace(self.file)
        self.simulation = Simulation(seed, profile=profile, trace=self.trace)
        self.seen: list[str] = []
        self.ears: dict[str, Any] = {}
        for name in hosts:
            self.simulation.host(name)
            self.do(name, self.listen, name)

    def listen(self, reactor: Any, name: str, port: int = 500, **options: Any) -> None:
        self.ears[name] = Ear(self, name)
        reactor.listenUDP(port, self.ears[name], **options)

    def join(self, reactor: Any, name: str) -> None:
        self.ears[name] = Ear(self, name)
        port = reactor.listenMulticast(600, self.ears[name], listenMultiple=True)
        port.joinGroup(GROUP[0])

    def do(self, host: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call a function in a program of a host, with its reactor."""
        self.simulation.hosts[host].start(Call(function, *args, **kwargs))
        self.run(0)

    def say(self, host: str, data: bytes, address: Address) -> None:
        """Send from a host's ear."""
        process = self.ears[host].transport.reactor.process
        write = self.ears[host].transport.write
        self.simulation.schedule(self.simulation.now_ns, process, write, (data, address))

    def run(self, seconds: float = 1) -> list[str]:
        self.simulation.run(self.simulation.now_ns / 1e9 + seconds)
        assert self.simulation.problems == []
        return self.seen

    def told(self) -> list[str]:
        """Return what the trace tells of datagrams; they are numbered from 0."""
        self.trace.close()
        events = [each for each in read_trace(self.file.getvalue()) if each.kind in QUIET]
        return [
            f"{each.kind.name} {each.host} {each.peer or '-'} #{each.flow - events[0].flow} {each.size}"
            for each in events
        ]
