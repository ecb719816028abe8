"""The file of a scenario: what it binds, and the classes that it defines."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from herd.sim.engine.simulation import Simulation
from herd.sim.scenario import load_module
from tests.house.finding import ROOT

if TYPE_CHECKING:
    from pathlib import Path

EARLY = """
import time
from functools import partial
from attrs import define, field
from herd.sim.engine.programs import Call
from herd.sim.scenario import Scenario

READ_AT = time.time()

@define
class Message:
    at_s: float = field(factory=time.time)

CLOCKS = {"now": time.time}
NOW = partial(time.time)
told = []

def read(reactor):
    reactor.callLater(1.0, lambda: told.extend([Message().at_s, CLOCKS["now"](), NOW()]))

def build(simulation):
    simulation.host("a").start(Call(read))

scenario = Scenario(about="Clocks.", build=build, duration_s=2.0)
"""

MEMBERS = """
from herd.sim.scenario import Scenario

class Member:
    def __init__(self, number):
        self.number = number

def walked():
    return [each.number for each in {Member(number) for number in range(50)}]

scenario = Scenario(about="A set.", build=lambda simulation: walked(), duration_s=1.0)
"""


def test_what_a_scenario_binds_is_virtual_and_what_it_asks_itself_is_real(tmp_path: Path) -> None:
    (tmp_path / "early.py").write_text(EARLY)
    program = f"""if True:
        import time
        began_s = time.time()
        from herd.sim.scenario import load_module
        module = load_module({str(tmp_path / "early.py")!r})
        assert began_s <= module.READ_AT <= time.time()
        from herd.sim.engine.clock import EPOCH_S
        from herd.sim.explore.run import Run
        Run(module.scenario, 1).run()
        assert [round(each - EPOCH_S, 3) for each in module.told] == [1.0, 1.0, 1.0], module.told
    """
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def test_sets_of_its_objects_walk_in_an_order_that_depends_on_the_seed_alone(tmp_path: Path) -> None:
    (tmp_path / "members.py").write_text(MEMBERS)
    module = load_module(str(tmp_path / "members.py"))
    walks = []
    for seed in (1, 2, 1):
        simulation = Simulation(seed)
        walks.append(module.scenario.build(simulation))
        simulation.close()
    assert walks[0] == walks[2] != walks[1]
    assert sorted(walks[0]) == sorted(walks[1])
