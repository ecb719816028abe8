"""Clocks are wrong by minutes, are stepped while servers run, and drift by up to five in a hundred."""

from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import clock_drifts, clock_steps, links_down

scenario = HerdScenario(
    about="Five servers whose clocks are stepped and drift, while links break.",
    waits=False,
    mishaps=[clock_steps(), clock_drifts(), links_down(every_s=10.0)],
).scenario()
