"""A link goes up and down every few seconds, or many times a second: no storm of dials, nothing lost."""

from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import flapping

scenario = HerdScenario(
    about="The link between Alford and Welsh goes up and down, up and down.",
    waits=False,
    mishaps=[flapping("Alford", "Welsh", up_s=2.0, down_s=4.0), flapping("Ball", "Holiday", 0.2, 0.5)],
).scenario()
