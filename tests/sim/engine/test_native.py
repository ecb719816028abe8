"""What is compiled is chosen where it was built, and a history is the same with it and without."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from herd.sim.engine import agenda, native

CHOSEN = "from herd.sim.engine import native; print(native.Agenda.__module__, native.Draws.__module__)"

FLOOD = """
from herd.sim.engine.native import use_large_pages
from herd.sim.engine.profile import Profile, Uniform
from herd.sim.engine.simulation import Simulation
from herd.sim.engine.trace import Trace

class Beacon:
    name = "beacon"

    def start(self, process):
        for delay in range(20):
            process.reactor.callLater(process.random.random(), list)

simulation = Simulation(5, profile=Profile(latency=Uniform(1, 20)), trace=Trace())
for number in range(120):
    simulation.host(f"host{number}").start(Beacon())
use_large_pages()
simulation.run(2)
blocks = [bytearray(100_000) + bytes(range(256)) * 3 for _ in range(50)]
small = [str(number) for number in range(200_000)]
assert small[77_777] == "77777"
del small, blocks
print(simulation.trace.digest())
"""


def output(code: str, **environ: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": "0", **environ}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_pure_parts_can_be_chosen() -> None:
    assert output(CHOSEN, HERD_PURE="1") == "herd.sim.engine.agenda herd.sim.engine.draws\n"


@pytest.mark.skipif(native.Agenda is agenda.Agenda, reason="nothing is compiled here")
def test_many_hosts_have_one_history_with_large_pages_and_without() -> None:
    assert output(FLOOD) == output(FLOOD, HERD_PURE="1")
