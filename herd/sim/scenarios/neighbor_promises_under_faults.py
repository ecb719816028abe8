"""Answers promise that a neighbor has the report. One server is cut off and dies; links break everywhere.

Two servers that die within one report's way are excused by this promise, so only one of them dies. Each
report is of a client of its own: what was lost, no later report covers up.
"""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import isolated_crashes, links_down, one_way, pauses, slow_links

scenario = HerdScenario(
    about="Durability `neighbor`: a server that is cut off and killed loses no report that it answered.",
    waits=False,
    herd=HerdPlan(durability="neighbor"),
    work=Work(fresh_ids=True),
    mishaps=[
        isolated_crashes(),
        links_down(every_s=10.0),
        one_way(),
        pauses(every_s=30.0),
        slow_links(every_s=5.0),
    ],
).scenario()
