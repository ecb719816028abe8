"""The network falls in two, links go down, some in one direction only; everything heals in the end."""

from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import links_down, one_way, partitions

scenario = HerdScenario(
    about="Five servers; the network is cut, in two or between two, again and again.",
    waits=False,
    mishaps=[partitions(), links_down(), one_way()],
).scenario()
