"""Simulated clients of a real server: what they say, what they see, and what they write down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from herd.sim.herds.circumstances import Circumstances
from herd.sim.herds.clients import Client, Conversation, Say
from herd.sim.herds.history import History
from herd.sim.herds.invariants import judge
from tests.sim.herds.hosted import PAIR, Hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

IAMAT = b"IAMAT kiwi +34.068930-118.445127 1479413884.392014450\n"
WHATSAT = b"WHATSAT kiwi 10 2\r\n"


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    made = Hosted()
    yield made
    made.close()


def ends(history: History) -> list[str]:
    return [each.ending for each in history.sessions]


def answers(history: History) -> list[bytes | None]:
    return [each.answer for each in history.operations]


def test_each_command_is_written_down_with_its_answer_and_times(hosted: Hosted) -> None:
    hosted.client(plan=[Say(1.0, IAMAT), Say(2.0, WHATSAT), Say(3.0, b"nonsense\n")])
    hosted.run(5)
    report, query, invalid = hosted.history.operations
    assert [each.kind for each in (report, query, invalid)] == ["report", "query", "invalid"]
    for each, begin_s in zip((report, query, invalid), (1, 2, 3), strict=True):
        assert each.end_ns is not None
        assert begin_s * 10**9 <= each.begin_ns < each.end_ns < (begin_s + 1) * 10**9
    assert report.answer is not None
    assert query.answer is not None
    assert report.answer.startswith(b"AT Alford +")
    assert query.answer.startswith(report.answer[:-1] + b"\r\n{")
    assert query.answer.endswith(b"}\r\n\r\n")
    assert invalid.answer == b"? nonsense\n"
    assert ends(hosted.history) == ["open"]
    assert hosted.verdict() == []


def test_commands_in_one_write_are_operations_of_their_own(hosted: Hosted) -> None:
    hosted.client(
        plan=[Say(1.0, IAMAT + WHATSAT + b"\nWHATSAT ki"), Say(1.5, b"wi 10 0\n")], leaving="closes"
    )
    hosted.run(5)
    assert [each.command for each in hosted.history.operations] == [
        IAMAT,
        WHATSAT,
        b"\n",
        b"WHATSAT kiwi 10 0\n",
    ]
    assert hosted.history.operations[3].begin_ns >= 1.5 * 10**9
    assert None not in answers(hosted.history)
    assert ends(hosted.history) == ["client"]
    assert hosted.verdict() == []


def test_after_a_half_close_a_last_line_without_an_ending_is_answered_too(hosted: Hosted) -> None:
    hosted.client(plan=[Say(1.0, IAMAT + WHATSAT.rstrip())], leaving="half-closes")
    hosted.run(5)
    assert [each.kind for each in hosted.history.operations] == ["report", "query"]
    assert None not in answers(hosted.history)
    assert ends(hosted.history) == ["server"]
    assert hosted.verdict() == []


@pytest.mark.parametrize(("leaving", "commands"), [("closes", 2), ("aborts", 1)])
def test_a_line_that_is_cut_is_a_command_only_if_the_server_learns_of_the_end(
    hosted: Hosted, leaving: Any, commands: int
) -> None:
    hosted.client(plan=[Say(1.0, b"nonsense\n"), Say(2.0, IAMAT[:-5])], leaving=leaving)
    hosted.run(5)
    assert len(hosted.history.operations) == commands
    held = hosted.herd.replica("Ball")
    assert held is not None
    assert (held.cache.peek(b"kiwi") is not None) == (leaving == "closes")
    assert hosted.verdict() == []


def test_a_lost_connection_is_made_again_and_what_was_not_answered_is_said_again(hosted: Hosted) -> None:
    hosted.client(plan=[Say(1.0, IAMAT), Say(2.0, WHATSAT), Say(4.0, IAMAT)], redials=True, repeats=True)
    alford = hosted.herd.hosts["Alford"]
    hosted.simulation.at(1.9, alford.pause)
    hosted.simulation.at(3.0, hosted.kill, "Alford")
    hosted.simulation.at(5.0, alford.restart)
    hosted.run(20)
    assert [each.command for each in hosted.history.operations] == [IAMAT, WHATSAT, WHATSAT, IAMAT]
    first, lost, again, last = answers(hosted.history)
    assert lost is None
    assert again is not None
    assert last is not None
    assert first == last  # Ball kept it meanwhile
    assert [each.ending in {"server", "lost"} for each in hosted.history.sessions] == [True, False]


def test_a_client_that_may_not_dial_again_gives_up(hosted: Hosted) -> None:
    client = hosted.client(plan=[Say(1.0, IAMAT), Say(4.0, IAMAT)])
    hosted.simulation.at(2.0, hosted.kill, "Alford")
    hosted.run(20)
    assert not client.is_connected
    assert len(hosted.history.sessions) == len(hosted.history.operations) == 1


def test_a_client_that_is_stopped_says_no_more(hosted: Hosted) -> None:
    client = hosted.client(plan=[Say(1.0, IAMAT), Say(4.0, IAMAT)], redials=True)
    hosted.simulation.at(2.0, client.stop)
    hosted.run(20)
    assert ends(hosted.history) == ["client"]
    assert len(hosted.history.operations) == 1
    assert not client.is_connected


def test_what_is_said_besides_the_plan_waits_for_a_connection(hosted: Hosted) -> None:
    client = hosted.client(plan=[])
    client.say(IAMAT)
    hosted.run(2)
    assert len(hosted.history.operations) == 1
    assert None not in answers(hosted.history)


def test_a_limit_that_is_broken_is_told_and_owes_nothing() -> None:
    hosted = Hosted(line_bytes=256, client_id_bytes=64)
    hosted.client(plan=[Say(1.0, IAMAT), Say(2.0, b"x" * 300), Say(2.5, b"\n" + IAMAT)])
    hosted.run(9)
    assert hosted.history.sessions[0].ending == "server"
    assert hosted.history.sessions[0].unasked == b"? line over 256 bytes\n"
    assert hosted.verdict() == []
    hosted.close()


def test_what_is_said_to_a_server_that_has_said_that_it_closes_is_owed_nothing() -> None:
    """Its words were there before the command; the end of the connection comes after it."""
    history = History()
    client = Mock(spec=Client, history=history, server="Alford")
    client.name = "late"
    conversation = Conversation(client)
    conversation.makeConnection(Mock())
    conversation.dataReceived(b"? idle for 5 s\n")
    conversation.say(IAMAT)
    conversation.connectionLost(Failure(ConnectionDone()))
    assert (ends(history), answers(history)) == (["server"], [None])
    assert history.sessions[0].unasked == b"? idle for 5 s\n"
    history.finish()
    assert judge(history, Circumstances(neighbors=PAIR, epoch_ns=0))["answers"] == []


def test_one_seed_gives_one_history() -> None:
    lines = []
    for _ in range(2):
        hosted = Hosted(seed=5)
        hosted.client(plan=[Say(1.0, IAMAT + WHATSAT)], leaving="closes")
        hosted.client("Ball", plan=[Say(1.0, IAMAT + WHATSAT)], leaving="half-closes")
        hosted.run(5)
        lines.append(list(hosted.history.to_lines()))
        hosted.close()
    assert lines[0] == lines[1]
