"""A link goes up and down every few seconds, or many times a second: no storm of dials, nothing lost."""

from herd.sim.herds.dials import GIVEN_UP, IN_TIME, STORMS, dialed_in_time, given_up, no_storm
from herd.sim.herds.linklooks import look_at_links
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.mishaps import flapping

scenario = HerdScenario(
    about="The link between Alford and Welsh goes up and down, up and down.",
    waits=False,
    guests=look_at_links,
    mishaps=[flapping("Alford", "Welsh", up_s=2.0, down_s=4.0), flapping("Ball", "Holiday", 0.2, 0.5)],
    more_checks={STORMS: no_storm, IN_TIME: dialed_in_time, GIVEN_UP: given_up},
).scenario()
