"""Gateways tell of thousands of clients at once, over kernels that hold little; nothing breaks.

Transports are full again and again, and a crowd is more than one write of a link takes. All the same each
record is everywhere within two seconds: whoever waits is woken.
"""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.figures import ARRIVES, arrives_within
from herd.sim.herds.guests import narrow_links
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work

scenario = HerdScenario(
    about="Thousands of reports at once over narrow links, and each is everywhere within two seconds.",
    herd=HerdPlan(limits={"link_write_bytes": 32_768}),
    guests=narrow_links,
    work=Work(clients=4, report_every_s=4.0, crowd=2_500, crowd_every_s=6.0),
    duration_s=30.0,
    settle_s=20.0,
    more_checks={ARRIVES: arrives_within(2.0)},
).scenario()
"""A crowd of 2,500 is 155 KB."""
