"""A grid of five times five servers with links of 100 ms: the network of the Gossip Glomers' broadcast."""

from herd.sim.engine.profile import Constant, Profile
from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.topologies import grid
from herd.sim.herds.work import Work
from herd.sim.mishaps import partitions

scenario = HerdScenario(
    about="25 servers on a grid with links of 100 ms, cut in two now and then.",
    herd=HerdPlan(topology=grid(5, 5)),
    network=Profile(latency=Constant(100.0)),
    work=Work(clients=6),
    mishaps=[partitions(every_s=20.0)],
).scenario()
