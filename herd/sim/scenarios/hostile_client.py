"""Clients that mean harm: garbage, endless lines, a byte a second, forged AT lines, thousands of commands."""

from functools import partial

from herd.sim.herds.build import HerdPlan
from herd.sim.herds.guests import hostile_clients
from herd.sim.herds.scenarios import HerdScenario

scenario = HerdScenario(
    about="Hostile clients attack every server, and nobody else notices.",
    herd=HerdPlan(limits={"connections_per_address": 2, "idle_s": 5.0}),
    guests=partial(hostile_clients, most=3),
).scenario()
