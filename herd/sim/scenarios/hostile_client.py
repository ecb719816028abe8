"""Clients that mean harm: garbage, endless lines, a byte a second, forged AT lines, thousands of commands."""

from herd.sim.herds.guests import hostile_clients
from herd.sim.herds.scenarios import HerdScenario

scenario = HerdScenario(
    about="Hostile clients attack every server, and nobody else notices.",
    guests=hostile_clients,
).scenario()
