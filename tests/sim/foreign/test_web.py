"""`twistd web` serves files, and treq fetches them: HTTP by two programs of others, over simulated TCP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.programs import Plugin, Script

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation

# What other programs still call is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

FETCH = Path(__file__).with_name("scripts") / "fetch.py"


def test_twistd_web_serves_what_treq_fetches(simulation: Simulation, tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("over no wire")
    server = simulation.host("server").start(Plugin("web", "--listen", "tcp:8080", "--path", str(tmp_path)))
    client = simulation.host("client").start(
        Script(FETCH, "http://server:8080/page.txt", "http://server:8080/gone")
    )
    simulation.run(60)
    assert client.output[:3] == [
        "200 ['text/plain']\n",
        "over no wire\n",
        "404 ['text/html; charset=utf-8']\n",
    ]
    assert client.exit_code == 0
    assert server.exit_code is None
    assert simulation.problems == []


def test_a_hundred_clients_have_connections_of_their_own(simulation: Simulation, tmp_path: Path) -> None:
    # treq keeps one pool of connections for the whole interpreter.
    (tmp_path / "page.txt").write_text("x" * 100_000)
    simulation.host("server").start(Plugin("web", "--listen", "tcp:8080", "--path", str(tmp_path)))
    clients = [
        simulation.host(f"client{number}").start(Script(FETCH, "http://server:8080/page.txt"))
        for number in range(100)
    ]
    simulation.run(60)
    assert [client.exit_code for client in clients] == [0] * 100
    assert {client.output[1] for client in clients} == {"x" * 100_000 + "\n"}
    assert simulation.problems == []


def test_wrong_options_are_told_as_twistd_tells_them(simulation: Simulation) -> None:
    server = simulation.host("server").start(Plugin("web", "--port"))
    simulation.run(1)
    assert server.exit_code == 1
    assert server.output[0] == "Usage: twistd [options] web [web options]\n"
    assert server.output[-1] == "twistd web: option --port requires argument\n"


def test_help_is_printed_and_exits_with_0(simulation: Simulation) -> None:
    server = simulation.host("server").start(Plugin("web", "--help"))
    simulation.run(1)
    assert server.exit_code == 0
    assert server.output[0] == "Usage: twistd [options] web [web options]\n"
    assert simulation.problems == []
