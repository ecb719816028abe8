"""Strangers on the ports for neighbors: wrong secrets, repeated handshakes, garbage, forged records."""

from herd.sim.herds.guests import hostile_neighbors
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import links_down

scenario = HerdScenario(
    about="Strangers pose as neighbors while real links break; none gets in.",
    guests=hostile_neighbors,
    mishaps=[links_down(every_s=10.0)],
).scenario()
