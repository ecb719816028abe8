"""Answers promise that the report is on disk, while any number of servers die and disks are slow."""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import crashes, links_down, power_cuts, slow_disks

scenario = HerdScenario(
    about="Durability `disk`: no acknowledged report is lost though servers die at any moment of a write.",
    herd=HerdPlan(durability="disk"),
    mishaps=[crashes(every_s=6.0), power_cuts(), slow_disks(), links_down()],
).scenario()
