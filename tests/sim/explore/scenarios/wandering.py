"""A program that walks over a set of texts: another history for each hash seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from herd.sim.engine.programs import Call
from herd.sim.scenario import Scenario

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation


def wander(reactor: Any) -> None:
    for number, name in enumerate({"ash", "birch", "elm", "fir", "oak", "yew"}, 1):
        reactor.callLater(number, reactor.resolve, name)


def build(simulation: Simulation) -> None:
    simulation.host("walker").start(Call(wander))


scenario = Scenario(about="A walk over a set of texts.", build=build, duration_s=8.0, allows_problems=True)
