"""Every scenario that comes with herd passes its checks, and is the same history when it is run again."""

from __future__ import annotations

import pytest

from herd.sim.explore.run import Run
from herd.sim.scenario import load_scenario, shipped

LARGE = "random-graph-of-1000"
"""Half a minute of processor time: here it is only begun; `herd sim run` runs it to its end."""


@pytest.mark.parametrize("name", [name for name in shipped() if name != LARGE])
def test_a_shipped_scenario_passes(name: str) -> None:
    outcome = Run(load_scenario(name), 0).run()
    assert outcome.violations == ()
    assert outcome.events > 1_000
    again = Run(load_scenario(name), 0).run(until_s=10.0)
    assert again.digest == Run(load_scenario(name), 0).run(until_s=10.0).digest


def test_a_thousand_servers_come_up() -> None:
    run = Run(load_scenario(LARGE), 0)
    herd = run.simulation.scene
    run.run(until_s=0.5)
    assert len(herd.hosts) == 1_000
    assert herd.watch.link_messages["DONE"] == 2_000
