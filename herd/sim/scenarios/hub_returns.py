"""Forty servers lose the one that they are all linked with; it returns, and they must not dial in step."""

from collections.abc import Sequence

from herd.sim.engine.chance import Chance
from herd.sim.engine.faults import PowerCut
from herd.sim.herds.build import HerdPlan
from herd.sim.herds.dials import DIALS, STORMS, no_storm, no_thundering_herd
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.topologies import of_links
from herd.sim.herds.work import Work
from herd.sim.scenario import Step

HUB = "Hub"
LEAVES = [f"Leaf{number:02}" for number in range(40)]


def gone_for_a_while(chance: Chance) -> Sequence[Step]:
    """Let the hub lose its power for about half a minute, so that all have backed off as far as they do."""
    stream = chance.stream("hub")
    return [Step(5.0, PowerCut(HUB), round(stream.uniform(25.0, 40.0), 3))]


scenario = HerdScenario(
    about="40 servers around one that is gone for half a minute: they dial it again, not in step.",
    herd=HerdPlan(topology=of_links([HUB, *LEAVES], [(HUB, leaf) for leaf in LEAVES])),
    work=Work(clients=2, report_every_s=5.0),
    more_steps=gone_for_a_while,
    more_checks={DIALS: no_thundering_herd, STORMS: no_storm},
).scenario()
