"""DNS servers of twisted.names answer twisted.names' resolver, over simulated UDP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.programs import Plugin, Script

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation

# What other programs still call is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

RESOLVE = Path(__file__).with_name("scripts") / "resolve.py"
ZONE = """
zone = [
    SOA("example.org", mname="ns.example.org", rname="root.example.org", serial=1),
    A("here.example.org", "192.0.2.7"),
]
"""


def test_twistd_dns_serves_a_zone(simulation: Simulation, tmp_path: Path) -> None:
    zone = tmp_path / "example.org"
    zone.write_text(ZONE)
    server = simulation.host("server")
    server.start(Plugin("dns", "--port", "53", "--pyzone", str(zone)))
    client = simulation.host("client").start(
        Script(RESOLVE, server.address, "53", "here.example.org", "gone.example.org")
    )
    simulation.run(60)
    assert client.output == ["here.example.org 192.0.2.7\n", "gone.example.org DNSNameError\n"]
    assert client.exit_code == 0
    assert simulation.problems == []


def test_a_server_that_makes_answers_up(simulation: Simulation, examples: Path) -> None:
    server = simulation.host("server")
    server.start(Script(examples / "override_server.py"))
    client = simulation.host("client").start(
        Script(RESOLVE, server.address, "10053", "workstation7.example.org")
    )
    simulation.run(60)
    assert client.output == ["workstation7.example.org 172.0.2.7\n"]
    assert client.exit_code == 0
