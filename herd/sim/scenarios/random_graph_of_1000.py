"""A thousand servers in a random graph with four links each: how far it is, and how much is said."""

from herd.sim.engine.chance import Stream
from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.topologies import random_graph
from herd.sim.herds.work import Work

scenario = HerdScenario(
    about="1,000 servers in a random graph, a few clients, and nothing goes wrong.",
    herd=HerdPlan(topology=random_graph(1000, 4, Stream(1000))),
    work=Work(clients=3, report_every_s=3.0, strange_share=0.0, silent_share=0.0),
    # Nothing breaks, so nothing has to settle: with 2,000 links each second of it is dear.
    duration_s=8.0,
    settle_s=2.0,
    last_look_s=4.0,
    audited=1,
).scenario()
