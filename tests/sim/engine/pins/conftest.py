"""A process of a simulated host, made current for as long as a test says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from herd.sim.engine import pins
from herd.sim.engine.process import Process
from herd.sim.engine.simulation import Simulation
from tests.sim.engine.pins.hosting import Idle

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    pins.install()
    simulation = Simulation(seed=7)
    yield simulation
    simulation.close()


@pytest.fixture
def process(simulation: Simulation) -> Process:
    """One process on the host `web`, at the virtual time of 90 seconds."""
    host = simulation.host("web")
    simulation.now_ns = 90_000_000_000
    process = Process(host, Idle(), {"HOME": "/srv"}, None)
    host.processes.append(process)
    return process
