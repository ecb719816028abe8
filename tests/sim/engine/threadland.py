"""A host whose threads need a millisecond for everything, and what a test's program tells, with the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from herd.sim.engine.profile import Constant
from herd.sim.engine.programs import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process
    from herd.sim.engine.simulation import Simulation

    Told = list[tuple[float, str]]

THREAD_MS = 1.0
"""How long every piece of work takes before it is begun."""


def hosted(simulation: Simulation, function: Callable[[Any], object], until_s: float = 60.0) -> Process:
    """Run a program on a host of its own."""
    host = simulation.host(f"host{len(simulation.hosts)}")
    host.thread_delays = [Constant(THREAD_MS)]
    process = host.start(Call(function))
    simulation.run(until_s)
    return process


def teller(simulation: Simulation) -> tuple[Told, Callable[[str], None]]:
    """Return a list of what was told, in order, and the function that tells it."""
    told: Told = []
    return told, lambda what: told.append((simulation.now_ns / 1e9, what))
