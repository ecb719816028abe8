"""Everything at once, a little of each: the scenario to leave running overnight."""

from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Work
from herd.sim.mishaps import (
    clock_steps,
    crashes,
    links_down,
    lossy_links,
    one_way,
    partitions,
    pauses,
    power_cuts,
    restarts,
    slow_links,
)

scenario = HerdScenario(
    about="Five servers, and everything goes wrong that can: the one to leave running overnight.",
    waits=False,
    # Faults find more here than reports, each of which covers up what is wrong with the one before it.
    work=Work(clients=4, report_every_s=4.0, ask_share=0.1),
    mishaps=[
        partitions(every_s=30.0),
        links_down(every_s=15.0),
        one_way(every_s=30.0),
        slow_links(every_s=20.0),
        lossy_links(every_s=30.0),
        crashes(every_s=25.0),
        power_cuts(every_s=60.0),
        restarts(every_s=60.0),
        pauses(every_s=30.0),
        clock_steps(every_s=60.0),
    ],
).scenario()
