"""Answers promise that a neighbor has the report, while servers die and links break."""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import crashes, links_down, one_way, pauses

scenario = HerdScenario(
    about="Durability `neighbor`: no acknowledged report is lost while servers die and links break.",
    herd=HerdPlan(durability="neighbor"),
    mishaps=[crashes(every_s=15.0), links_down(), one_way(), pauses(every_s=20.0)],
).scenario()
