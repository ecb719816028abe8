"""Caches of hundreds of records differ by parts of crowds: every level of digests is compared.

One crowd is spread over all leaves; another one lies in two shards, so that nodes are found below a shard,
leaves have neighbors, and some are the last of their node. Crowds end before the network heals: nobody
reports once more what was not passed on.
"""

from collections.abc import Sequence

from herd.sim.engine.chance import Chance
from herd.sim.herds.crowds import crowds, draw_nodes
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.topologies import FIVE
from herd.sim.herds.work import Work, client_names
from herd.sim.mishaps import crashes, partitions
from herd.sim.scenario import Step

CLIENTS = 4
CROWDS_S = 22.0
DURATION_S = 30.0


def parts_of_crowds(chance: Chance) -> Sequence[Step]:
    """Draw both crowds."""
    who = client_names(CLIENTS), tuple(FIVE)
    stream = chance.stream("crowds")
    spread = crowds(stream, *who, ("",), 600, 3.0, CROWDS_S)
    return spread + crowds(stream, *who, draw_nodes(stream), 120, 2.0, CROWDS_S)


scenario = HerdScenario(
    about="Crowds of clients while the network is cut and servers die: whole trees of digests are compared.",
    waits=False,
    work=Work(clients=CLIENTS, report_every_s=4.0),
    mishaps=[partitions(every_s=4.0), crashes(every_s=15.0)],
    more_steps=parts_of_crowds,
    duration_s=DURATION_S,
).scenario()
