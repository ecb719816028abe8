"""One server is gone for long, for a moment, and again and again; links are silent: all is dialed in time."""

from collections.abc import Sequence

from herd.sim.engine.chance import Chance
from herd.sim.engine.faults import Crash, LinkDown, OneWay
from herd.sim.herds.dials import GIVEN_UP, IN_TIME, STORMS, dialed_in_time, given_up, no_storm
from herd.sim.herds.linklooks import look_at_links
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.scenario import Step

LOOP = 25
"""How often Ball dies as soon as it is up: to be dialed as if it had never been up."""


def short_and_long(chance: Chance) -> Sequence[Step]:
    """Let Ball be gone so long that all wait as long as they ever do; let it return, and go for a moment."""
    stream = chance.stream("outages")

    def drawn(least: float, most: float) -> float:
        return round(stream.uniform(least, most), 3)

    return [
        Step(drawn(4.0, 6.0), Crash("Ball"), drawn(38.0, 42.0)),
        Step(drawn(60.0, 62.0), Crash("Ball"), drawn(2.0, 4.0)),
        *(Step(round(70.0 + number * 0.4, 3), Crash("Ball"), drawn(0.05, 0.15)) for number in range(LOOP)),
        Step(drawn(90.0, 95.0), OneWay("Alford", "Hamilton"), drawn(15.0, 20.0)),
        Step(drawn(90.0, 95.0), LinkDown("Holiday", "Ball"), drawn(15.0, 20.0)),
    ]


scenario = HerdScenario(
    about="A server is gone for long, for a moment, and in a loop; links are silent: all is dialed in time.",
    waits=False,
    work=Work(clients=2, report_every_s=5.0),
    more_steps=short_and_long,
    guests=look_at_links,
    duration_s=115.0,
    more_checks={STORMS: no_storm, IN_TIME: dialed_in_time, GIVEN_UP: given_up},
).scenario()
