"""Limits that are met all the time: few clients held, few answers that may wait, few commands a second."""

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import links_down, partitions

scenario = HerdScenario(
    about="Full caches, full queues, hasty clients: the oldest make room, and everybody has an answer.",
    waits=False,
    herd=HerdPlan(
        durability="neighbor", limits={"clients_held": 40, "answers_waiting": 8, "commands_per_s": 20.0}
    ),
    work=Work(fresh_ids=True, crowd=30, crowd_every_s=8.0),
    mishaps=[partitions(every_s=20.0), links_down(every_s=10.0)],
).scenario()
