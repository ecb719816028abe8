"""What is seen on the wire, and what is held though nothing of it was seen there."""

from __future__ import annotations

from herd.sim.engine.faults import Crash
from herd.sim.explore.run import Run
from herd.sim.herds.build import HerdPlan
from herd.sim.herds.scenarios import HerdScenario
from herd.sim.herds.work import Tell, Work
from herd.sim.scenario import Step

REPORT = "IAMAT kiwi +34.068930-118.445127 1767225602.5"


def test_a_record_that_its_server_can_tell_nobody_of_is_not_too_many() -> None:
    scenario = HerdScenario(
        about="The neighbors of Ball are dead, and it may not answer before one of them has the record.",
        waits=False,
        herd=HerdPlan(durability="neighbor"),
        work=Work(clients=1, report_every_s=1_000.0),
        more_steps=lambda _: [
            Step(2.5, Crash("Holiday"), 4.0),
            Step(2.5, Crash("Welsh"), 4.0),
            Step(3.0, Tell("a walker", "Ball", REPORT)),
        ],
        duration_s=7.0,
    ).scenario()
    run = Run(scenario, 1)
    herd = run.simulation.scene
    run.simulation.run(6.0)
    assert len(herd.replica("Ball").cache) == 1
    assert herd.watch.updates == 0
    assert run.run().violations == ()
