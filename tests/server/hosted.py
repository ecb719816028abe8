"""A simulated herd of the program that `twistd herd` runs, one host for each server, and its clients.

Tests of what a herd does over time are plain functions: `run` lets virtual time pass, to the nanosecond.
"""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.endpoints import TCP4ClientEndpoint, UNIXClientEndpoint
from twisted.internet.protocol import Factory

from herd.sim.engine.profile import Constant, Profile
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation
from herd.sim.herds.build import CLIENTS_PORT, HerdPlan, build_herd
from herd.testing.client import Client
from herd.testing.herd import neighbors_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IStreamClientEndpoint

    from herd.sim.engine.process import Process

LATENCY_NS: Final = 500_000
"""One way between any two hosts, always."""
PATIENCE_S: Final = 60.0
NS: Final = 1_000_000_000


class HostedClient:
    """One connection; what it says leaves at the moment that it is told."""

    def __init__(self, process: Process, endpoint: Callable[[Any], IStreamClientEndpoint]) -> None:
        self._process = process
        self._simulation = process.simulation
        self.protocol = Client(process.reactor)
        connected: list[object] = []

        def dial() -> None:
            factory = Factory.forProtocol(lambda: self.protocol)
            endpoint(process.reactor).connect(factory).addBoth(connected.append)

        self._soon(dial)
        assert self._simulation.run_while(lambda: not connected, PATIENCE_S), "nobody answers"
        assert connected == [self.protocol], connected[0]

    def _soon(self, function: Callable[[], object]) -> None:
        self._simulation.schedule(self._simulation.now_ns, self._process, function)

    def send(self, data: bytes) -> None:
        """Say something."""
        self._soon(partial(self.protocol.send, data))

    def send_at(self, time_ns: int, data: bytes) -> None:
        """Say something at a virtual time."""
        self._simulation.schedule(time_ns, self._process, self.protocol.send, (data,))

    def take(self) -> bytes:
        """Return what has come by now and was not taken yet."""
        taken, self.protocol.received = self.protocol.received, b""
        return taken

    def ask(self, data: bytes, lines: int = 1) -> bytes:
        """Say something, and return so many lines as soon as they have come."""
        self.send(data)
        return self.read(lines)

    def read(self, lines: int = 1) -> bytes:
        """Return so many lines as soon as they have come."""
        protocol = self.protocol
        self._simulation.run_while(
            lambda: protocol.received.count(b"\n") < lines and not protocol.is_ended, PATIENCE_S
        )
        return self.take()


class HostedHerd:
    """The herd; `simulation` has its hosts, by the names of the servers."""

    def __init__(
        self, topology: str, *, seed: int = 0, tls: bool = False, durability: Any = "memory", **limits: float
    ) -> None:
        self.simulation = Simulation(seed, profile=Profile(latency=Constant(LATENCY_NS / 1e6)))
        plan = HerdPlan(
            topology=neighbors_of(topology), tls=tls, durability=durability, limits=limits, logs_lines=True
        )
        self.herd = build_herd(self.simulation, plan)
        self._clients = 0

    def run(self, for_s: float) -> None:
        """Let virtual time pass."""
        self.simulation.run(self.simulation.now_ns / NS + for_s)

    def until(self, condition: Callable[[], object], limit_s: float = PATIENCE_S) -> int:
        """Run until a condition holds; return that moment in nanoseconds."""
        assert self.simulation.run_while(lambda: not condition(), limit_s), f"not within {limit_s} s"
        return self.simulation.now_ns

    def link_up(self) -> None:
        """Run until all links are up."""
        pairs = [(name, other) for name, others in self.herd.plan.topology.items() for other in others]
        self.until(lambda: all(self.link(name, other)["state"] == "up" for name, other in pairs))

    def link(self, server: str, neighbor: str) -> dict[str, Any]:
        """Return what an operator is told of a neighbor; its state is "dead" where the server is."""
        node = self.herd.node(server)
        if node is None:
            return {"state": "dead"}
        (status,) = [each for each in node.status()["neighbors"] if each["name"] == neighbor]
        return dict(status)

    def process(self, server: str) -> Process:
        """Return the process of a server that runs now."""
        (process,) = [each for each in self.simulation.hosts[server].processes if each.services]
        return process

    def connect(self, server: str) -> HostedClient:
        """Connect as a client, from a host of its own."""
        self._clients += 1
        process = self.simulation.host(f"client {self._clients}").start(Call(lambda _: None))
        self.simulation.run(self.simulation.now_ns / NS)
        address = self.simulation.hosts[server].address
        return HostedClient(process, lambda reactor: TCP4ClientEndpoint(reactor, address, CLIENTS_PORT))

    def connect_to_control(self, server: str) -> HostedClient:
        """Connect as an operator on the server's own host."""
        host = self.simulation.hosts[server]
        process = host.start(Call(lambda _: None))
        self.simulation.run(self.simulation.now_ns / NS)
        path = str(host.files / f"{server}.sock")
        return HostedClient(process, lambda reactor: UNIXClientEndpoint(reactor, path))

    @property
    def config_file(self) -> Path:
        """The file that all servers read."""
        return Path(str(self.simulation.files)) / "conf" / "herd.toml"

    def log(self, server: str) -> str:
        """Return a server's log file."""
        return (self.simulation.hosts[server].files / f"{server}.log").read_text("utf-8")

    def stop(self, server: str) -> int:
        """Tell a server to stop; return how many nanoseconds its process lives on."""
        process, began_ns = self.process(server), self.simulation.now_ns
        process.signal(signal.SIGTERM)
        return self.until(lambda: process.exit_code is not None) - began_ns

    def kill(self, server: str) -> None:
        """Kill a server; its log is closed here, as a dead process's files are by the system."""
        node = self.herd.node(server)
        self.simulation.hosts[server].kill()
        self._close_files(node)

    def power_off(self, server: str) -> None:
        """Cut a server's power."""
        node = self.herd.node(server)
        self.simulation.hosts[server].power_off()
        self._close_files(node)

    @staticmethod
    def _close_files(node: Any) -> None:
        if node is not None:
            node.clients.log.close()
            if node._journal is not None:
                node._journal.abandon()

    def close(self) -> None:
        """End; what programs have logged as a failure, or reached for, fails the test."""
        problems = [(each.host, each.text) for each in self.simulation.problems]
        for server in self.herd.hosts:
            self.kill(server)
        self.simulation.close()
        assert problems == []
