"""An operator restarts one server after the other, as for a new version."""

from collections.abc import Sequence

from herd.sim.engine.chance import Chance
from herd.sim.engine.faults import Restart
from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.topologies import FIVE
from herd.sim.herds.work import Work
from herd.sim.scenario import Step


def one_by_one(chance: Chance) -> Sequence[Step]:
    """Restart each server, in an order that is drawn; the next one when the last one is up again."""
    stream = chance.stream("roll")
    steps = []
    at_s = 5.0
    for name in stream.shuffled(tuple(FIVE)):
        for_s = round(stream.uniform(0.5, 5.0), 3)
        steps.append(Step(round(at_s, 3), Restart(name), for_s))
        at_s += for_s + 4.0
    return steps


scenario = HerdScenario(
    about="Durability `neighbor`: one server after the other is restarted, and nothing is lost.",
    waits=False,
    herd=HerdPlan(durability="neighbor"),
    work=Work(fresh_ids=True),
    more_steps=one_by_one,
).scenario()
