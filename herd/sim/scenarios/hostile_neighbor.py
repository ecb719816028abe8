"""Strangers on the ports for neighbors: wrong secrets and names, repeated openings, garbage, forged records.

They are more than may be at a port at once, and one of them listens where a server is dialed that is dead.
"""

from functools import partial

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.guests import hostile_neighbors
from herd.sim.herds.impostors import Usurp
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import links_down, spells

scenario = HerdScenario(
    about="Strangers pose as neighbors while real links break; none gets in.",
    herd=HerdPlan(limits={"handshakes": 1}),
    guests=partial(hostile_neighbors, most=3),
    mishaps=[
        links_down(every_s=10.0),
        spells(lambda stream, hosts: Usurp(stream.choice(hosts)), every_s=15.0, longest_s=8.0),
    ],
).scenario()
