"""Servers are killed, lose their power, stand still and are restarted; what they had in memory is gone."""

from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import crashes, pauses, power_cuts, restarts

scenario = HerdScenario(
    about="Five servers that are killed, lose power, stand still and are restarted.",
    waits=False,
    mishaps=[crashes(), power_cuts(), pauses(), restarts(every_s=25.0)],
).scenario()
