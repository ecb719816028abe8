"""Records live for fifteen seconds, while links break and clocks differ a little: none comes back."""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import clock_steps, links_down, partitions

scenario = HerdScenario(
    about="Records expire after 15 s, on every server at the same moment, while the network breaks.",
    herd=HerdPlan(limits={"record_lifetime_s": 15.0}),
    work=Work(report_every_s=8.0, ask_share=0.4),
    mishaps=[partitions(every_s=10.0), links_down(every_s=8.0), clock_steps(every_s=20.0, by_s=1.0)],
).scenario()
