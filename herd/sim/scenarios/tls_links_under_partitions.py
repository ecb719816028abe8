"""Links of mutual TLS 1.3, cut again and again: every handshake is the real one.

Strangers have the certificate of a server that is no neighbor, and say that they are one.
"""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.guests import hostile_neighbors
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import crashes, links_down, partitions

scenario = HerdScenario(
    about="Five servers with TLS links; the network is cut, servers die, and strangers have certificates.",
    waits=False,
    herd=HerdPlan(tls=True),
    guests=hostile_neighbors,
    mishaps=[partitions(every_s=15.0), links_down(every_s=10.0), crashes(every_s=20.0)],
).scenario()
