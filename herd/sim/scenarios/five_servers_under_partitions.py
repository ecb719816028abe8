"""The network falls in two, links go down, some in one direction only; everything heals in the end.

Cuts are long enough for links to be given up, and each client falls silent some time: where its last report
did not get about, caches must be compared for it, and nothing later covers up what they miss.
"""

from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import links_down, one_way, partitions

scenario = HerdScenario(
    about="Five servers; the network is cut, in two or between two, again and again.",
    waits=False,
    work=Work(clients=12, silent_share=1.0),
    mishaps=[partitions(every_s=5.0, longest_s=25.0), links_down(), one_way()],
).scenario()
