"""Programs whose work blocks in threads: WSGI applications, and databases by `adbapi`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.programs import Script

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation

# What other programs still call is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCRIPTS = Path(__file__).with_name("scripts")


def test_a_wsgi_application_serves_what_treq_fetches(simulation: Simulation) -> None:
    server = simulation.host("server").start(Script(SCRIPTS / "pages.py", "8080"))
    clients = [
        simulation.host(name).start(Script(SCRIPTS / "fetch.py", f"http://server:8080/{name}"))
        for name in ("ada", "bob")
    ]
    simulation.run(60.0)
    assert simulation.problems == []
    assert [each.output for each in clients] == [
        ["200 ['text/plain']\n", f"page /{name}\n"] for name in ("ada", "bob")
    ]
    assert [each.exit_code for each in clients] == [0, 0]
    assert server.exit_code is None


def test_a_database_is_asked_through_a_pool_of_connections(simulation: Simulation, tmp_path: Path) -> None:
    accounts = SCRIPTS / "accounts.py"
    simulated = simulation.host("bank").start(Script(accounts, "accounts.db"))
    simulation.run(60.0)
    assert simulation.problems == []
    command = [sys.executable, str(accounts), str(tmp_path / "accounts.db")]
    real = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "".join(simulated.output) == real.stdout
    assert simulated.output[:2] == ["moved 7\n", "not moved: ada has not so much\n"]
    assert simulated.exit_code == 0
