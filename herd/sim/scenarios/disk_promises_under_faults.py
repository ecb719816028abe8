"""Answers promise that the report is on disk, while any number of servers die and disks are slow."""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import crashes, isolated_crashes, links_down, power_cuts, slow_disks

scenario = HerdScenario(
    about="Durability `disk`: no acknowledged report is lost though servers die at any moment of a write.",
    waits=False,
    herd=HerdPlan(durability="disk"),
    mishaps=[
        isolated_crashes(disk_ms=1_500.0),
        crashes(every_s=10.0),
        power_cuts(),
        slow_disks(),
        links_down(every_s=10.0),
    ],
).scenario()
