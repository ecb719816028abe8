"""As `neighbor-promises-under-faults`, over slow links: acknowledgements are long under way.

Promises are many, and half kept, whenever the server that gave them is cut off. Each report is of a client of
its own: what was lost, no later report covers up.
"""

from herd.sim.engine.profile import Constant, Profile
from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import isolated_crashes, links_down

scenario = HerdScenario(
    about="Durability `neighbor`, links of 150 ms: who is cut off and killed loses nothing answered.",
    waits=False,
    herd=HerdPlan(durability="neighbor"),
    network=Profile(latency=Constant(150.0)),
    work=Work(fresh_ids=True, report_every_s=0.6, ask_share=0.0),
    mishaps=[isolated_crashes(every_s=4.0, longest_s=16.0), links_down(every_s=4.0)],
    duration_s=40.0,
).scenario()
