"""A small simulated herd, and programs on hosts of their own that talk to it."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from twisted.internet.endpoints import TCP4ClientEndpoint

from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation
from herd.sim.herds.build import CLIENTS_PORT, LINKS_PORT, HerdPlan, SimulatedHerd, build_herd
from herd.sim.herds.circumstances import Circumstances
from herd.sim.herds.clients import Client
from herd.sim.herds.invariants import judge, records_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.herds.violation import Violation

PAIR = {"Alford": ("Ball",), "Ball": ("Alford",)}


class Hosted:
    """A herd of two; `run` lets virtual time pass."""

    def __init__(self, seed: int = 0, **limits: float) -> None:
        self.simulation = Simulation(seed)
        self.plan = HerdPlan(topology=PAIR, limits=limits)
        self.herd: SimulatedHerd = build_herd(self.simulation, self.plan)
        self.history = self.herd.history
        self._last = 0

    def run(self, until_s: float) -> None:
        self.simulation.run(until_s)
        assert self.simulation.problems == []

    def endpoint(self, reactor: Any, server: str, port: int = CLIENTS_PORT) -> TCP4ClientEndpoint:
        return TCP4ClientEndpoint(reactor, self.herd.hosts[server].address, port, timeout=2)

    def links_endpoint(self, reactor: Any, server: str) -> TCP4ClientEndpoint:
        return self.endpoint(reactor, server, LINKS_PORT)

    def start(self, program: Callable[[Any], object]) -> None:
        """Start a program on a host of its own."""
        self._last += 1
        self.simulation.host(f"guest {self._last}").start(Call(program))

    def client(self, server: str = "Alford", *, redials: bool = False, **options: Any) -> Client:
        """Start a client, and return it."""
        made: list[Client] = []

        def begin(reactor: Any) -> None:
            source = random.Random(1) if redials else None
            endpoint = self.endpoint(reactor, server)
            options.setdefault("name", f"client of {server}")
            made.append(Client(reactor, endpoint, self.history, server=server, redials=source, **options))
            made[0].start()

        self.start(begin)
        self.run(self.simulation.now_ns / 1e9)
        (client,) = made
        return client

    def verdict(self) -> list[Violation]:
        """End the run, and return all that is wrong with it."""
        self.history.finish()
        replicas = {name: self.herd.replica(name) for name in self.herd.hosts}
        held = {name: records_of(replica) for name, replica in replicas.items() if replica is not None}
        circumstances = Circumstances(
            neighbors=PAIR, epoch_ns=self.simulation.epoch_ns, calm_ns=0, settle_ns=5 * 10**9
        )
        judged = judge(self.history, circumstances, held=held)
        return [each for violations in judged.values() for each in violations]

    def kill(self, server: str) -> None:
        """Kill a server; its log is closed here, as a dead process's files are by the system."""
        node = self.herd.node(server)
        self.herd.hosts[server].kill()
        if node is not None:
            node.clients.log.close()

    def close(self) -> None:
        for server in self.herd.hosts:
            self.kill(server)
        self.simulation.close()
