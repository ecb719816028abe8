"""IRC: a server of twisted.words, and Twisted's IRC clients that talk through it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.programs import Plugin, Script, Tac

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation

# What other programs still call is theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCRIPTS = Path(__file__).with_name("scripts")
CHATTER = SCRIPTS / "chatter.py"


def test_twistd_words_passes_private_messages_on(simulation: Simulation) -> None:
    simulation.host("server").start(
        Plugin("words", "--hostname", "meadow", "--irc-port", "tcp:6667", "--auth", "memory:anna:x:bert:y")
    )
    anna = simulation.host("anna").start(Script(CHATTER, "server", "anna", "x", "nobody"))
    simulation.run(5)
    bert = simulation.host("bert").start(Script(CHATTER, "server", "bert", "y", "anna"))
    simulation.run(20)
    assert anna.output == ["anna bert: hello, anna\n"]
    assert bert.output == ["bert anna: good bye, bert\n"]
    assert (anna.exit_code, bert.exit_code) == (0, 0)
    assert simulation.problems == []


def test_two_clients_talk_in_a_channel(simulation: Simulation) -> None:
    simulation.host("server").start(Tac(SCRIPTS / "irc.tac"))
    anna = simulation.host("anna").start(Script(CHATTER, "server", "anna", "secret", "#meadow"))
    simulation.run(5)
    bert = simulation.host("bert").start(Script(CHATTER, "server", "bert", "secret", "#meadow"))
    simulation.run(20)
    assert bert.output == ["#meadow anna: hello, bert\n"]
    assert anna.output == ["#meadow bert: good bye, anna\n"]
    assert (anna.exit_code, bert.exit_code) == (0, 0)
    assert simulation.problems == []


def test_the_log_bot_of_the_documentation_writes_a_file_of_its_host(
    simulation: Simulation, examples: Path
) -> None:
    server = simulation.host("server")
    server.start(Tac(SCRIPTS / "irc.tac"))
    simulation.network.names.set("irc.freenode.net", server.address)
    logger = simulation.host("logger")
    bot = logger.start(Script(examples / "ircLogBot.py", "meadow", "meadow.log"))
    simulation.run(5)
    anna = simulation.host("anna").start(Script(CHATTER, "server", "anna", "secret", "twistedbot"))
    simulation.run(10)
    bot.reactor.stop()
    simulation.run(11)
    assert bot.exit_code == 0
    assert anna.output == ["anna twistedbot: It isn't nice to whisper!  Play nice with the group.\n"]
    assert (logger.files / "meadow.log").read_text().splitlines() == [
        "[00:00:00] [connected at Thu Jan  1 00:00:00 2026]",
        "[00:00:00] <NickServ> Password?",
        "[00:00:00] [I have joined #meadow]",
        "[00:00:05] <anna> hello, twistedbot",
        "[00:00:10] [disconnected at Thu Jan  1 00:00:10 2026]",
    ]
    # It logs to its own standard output, as log.startLogging asks; nobody else's lines are there.
    assert bot.output[0] == "2026-01-01 00:00:00+0000 [-] Log opened.\n"
    assert [process.output for process in server.processes] == [[]]
    assert simulation.problems == []
