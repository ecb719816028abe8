"""Clocks go wrong by more than servers put up with: records of the future are refused, and come later."""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import clock_steps, crashes, links_down

scenario = HerdScenario(
    about="Clocks further apart than `clock_skew_s`: what is of the future waits, and is not lost.",
    waits=False,
    herd=HerdPlan(limits={"clock_skew_s": 20.0}),
    work=Work(fresh_ids=True),
    mishaps=[clock_steps(every_s=8.0, by_s=40.0), crashes(every_s=40.0), links_down(every_s=15.0)],
).scenario()
