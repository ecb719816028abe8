"""A check that looks at the process that runs the simulation: it fails in one whose hash seed is 2."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from herd.sim.scenario import Scenario

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation


def build(simulation: Simulation) -> None:
    simulation.host("lonely")


def mood(_simulation: Simulation) -> list[str]:
    return ["it is the second"] if os.environ["PYTHONHASHSEED"] == "2" else []


scenario = Scenario(about="A mood.", build=build, duration_s=1.0, checks={"is in the mood": mood})
