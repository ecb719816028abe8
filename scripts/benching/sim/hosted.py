"""The flood in herd's own simulator: without a trace, and with one that is hashed and written to a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from benching.sim.node import Meter, Node
from benching.sim.plan import FLOOD_S, LATENCY_S, Plan
from benching.sim.stopwatch import Stopwatch
from benching.sim.twisted_flood import WAYS, Hosted

from herd.sim.engine.profile import Profile, Uniform
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Trace

if TYPE_CHECKING:
    from herd.sim.engine.process import Process


MS_PER_S: Final = 1000


@frozen
class Program:
    """A program that is given its reactor, and needs nothing else of the simulator."""

    main: Callable[[Any, Any], None]
    hosted: Hosted | None = None
    name: str = "flood"

    def start(self, process: Process) -> None:
        """Run it."""
        self.main(process.reactor, self.hosted)


def make(seed: int, *, traced: bool = False) -> Simulation:
    """Make a simulation with the latency of the plan."""
    low_s, high_s = LATENCY_S
    profile = Profile(latency=Uniform(low_s * MS_PER_S, high_s * MS_PER_S))
    file = tempfile.TemporaryFile() if traced else None  # noqa: SIM115 - it goes with the process
    return Simulation(seed, profile=profile, trace=Trace(file) if file else None)


def flood(plan: Plan, way: str, finish: Callable[[dict[str, Any]], None], *, traced: bool = False) -> None:
    """Run the flood. An event is one of the simulation's queue."""
    simulation = make(plan.seed, traced=traced)
    stopwatch = Stopwatch(Meter(plan.deliveries), lambda: simulation.events)
    hosts = [simulation.host(f"host{number}") for number in range(plan.hosts)]
    dials, neighbors, injections = plan.dials(), plan.neighbors(), plan.injections()
    for number, host in enumerate(hosts):
        hosted = Hosted(
            Node(stopwatch.meter),
            [hosts[other].address for other in dials[number]],
            [hosts[other].address for other in neighbors[number]],
            injections[number],
        )
        host.start(Program(WAYS[way], hosted))
    simulation.run(FLOOD_S)
    stopwatch.start()
    simulation.run(plan.latest_s)
    if simulation.trace is not None:
        simulation.trace.close()
    stopwatch.stop()
    assert not simulation.problems, simulation.problems[0].text
    finish(stopwatch.figures())


def flood_traced(plan: Plan, way: str, finish: Callable[[dict[str, Any]], None]) -> None:
    """Run the flood with a trace, as a search for bugs does."""
    flood(plan, way, finish, traced=True)


def bare(hosts: int, finish: Callable[[dict[str, Any]], None]) -> None:
    """Weigh hosts that run one idle program each."""
    simulation = make(0)
    stopwatch = Stopwatch(Meter(0), lambda: simulation.events)
    idle = Program(lambda _reactor, _hosted: None)
    for number in range(hosts):
        simulation.host(f"host{number}").start(idle)
    simulation.run(FLOOD_S)
    stopwatch.start()
    stopwatch.stop()
    finish(stopwatch.figures())


MEASURES: Final = {"herd": flood, "herd traced": flood_traced, "herd bare": bare}
