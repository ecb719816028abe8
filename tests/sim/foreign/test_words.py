"""`twistd words` hosts a channel of IRC in which Twisted's IRC clients talk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.programs import Plugin, Script

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation

# What other programs still call is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CHATTER = Path(__file__).with_name("scripts") / "chatter.py"


def words(*users: str) -> Plugin:
    """A server of IRC for these users, whose passwords are their names backwards, with one channel."""
    passwords = ":".join(f"{user}:{user[::-1]}" for user in users)
    return Plugin("words", "--irc-port", "tcp:6667", "--auth", f"memory:{passwords}", "--group", "meadow")


def test_two_clients_talk_in_a_channel(simulation: Simulation) -> None:
    simulation.host("server").start(words("anna", "bert"))
    anna = simulation.host("anna").start(Script(CHATTER, "server", "anna", "anna", "#meadow"))
    simulation.run(5)
    bert = simulation.host("bert").start(Script(CHATTER, "server", "bert", "treb", "#meadow"))
    simulation.run(20)
    assert bert.output == ["#meadow anna: hello, bert\n"]
    assert anna.output == ["#meadow bert: good bye\n"]
    assert (anna.exit_code, bert.exit_code) == (0, 0)
    assert simulation.problems == []


def test_the_log_bot_writes_a_file_of_its_host(simulation: Simulation, examples: Path) -> None:
    server = simulation.host("server")
    server.start(words("twistedbot", "anna"))
    simulation.network.names.set("irc.freenode.net", server.address)
    host = simulation.host("logger")
    host.start(Script(examples / "ircLogBot.py", "meadow", "meadow.log"))
    simulation.run(5)
    assert (host.files / "meadow.log").read_text() == ""
