"""Answers that no server may give, and commands that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from herd.sim.herds.circumstances import Outage
from tests.sim.herds.stories import CALM, PLACES, S, Story, record

if TYPE_CHECKING:
    from herd.sim.herds.history import Ending


def wrong_answer(command: bytes, answer: bytes) -> list[str]:
    story = Story()
    alford = story.session("Alford")
    story.report(alford, "10", 1, 2, record("10", 1.5))
    story.say(alford, command, 3, 4, answer)
    found = story.wrong()
    assert all(each.invariant == "answers" and each.operations[-1].number == 1 for each in found)
    return [each.name for each in found]


LINE = record("10", 1.5)


@pytest.mark.parametrize(
    ("command", "answer", "names"),
    [
        (b"nonsense\n", b"? nonsense\n", []),
        (b"nonsense", b"? nonsense\n", []),
        (b"\r\n", b"? \r\n", []),
        (b"nonsense\n", b"?  nonsense\n", ["wrong echo"]),
        (b"nonsense\n", b"? nonsens\n", ["wrong echo"]),
        (b"nonsense\r\n", b"? nonsense\n", ["wrong echo"]),
        (b"AT x\n", LINE + b"\n", ["wrong echo"]),
        (b"IAMAT moa +1-1 1\n", b"? IAMAT kea +1-1 1\n", ["wrong echo"]),
        (b"IAMAT moa +1-1 1\n", b"? IAMAT moa +1-1 1\n", ["refused report"]),
        (b"IAMAT kiwi +1-1 10\r\n", LINE + b"\r\n", []),
        (b"IAMAT kiwi +1-1 10\r\n", LINE + b"\n", ["malformed answer"]),
        (b"IAMAT kiwi +1-1 10\n", LINE + b"\r\n", ["malformed answer"]),
        (b"IAMAT kiwi +1-1 10\n", b"BT " + LINE + b"\n", ["malformed answer"]),
        (b"IAMAT kiwi +1-1 10\n", LINE.replace(b" +1", b"  +1") + b"\n", ["malformed answer"]),
        (b"IAMAT moa +1-1 10\n", LINE + b"\n", ["another client's answer"]),
        (b"WHATSAT kiwi 10 2\n", LINE + b"\n" + PLACES + b"\n\n", []),
        (b"WHATSAT kiwi 10 2\r\n", LINE + b"\r\n" + PLACES + b"\r\n\r\n", []),
        (b"WHATSAT kiwi 10 1\n", LINE + b"\n" + PLACES + b"\n\n", ["too many places"]),
        (b"WHATSAT kiwi 10 2\n", LINE + b"\n" + PLACES[:-1] + b"\n\n", ["malformed places"]),
        (b"WHATSAT kiwi 10 2\n", LINE + b"\n[]\n\n", ["malformed places"]),
        (
            b"WHATSAT kiwi 10 2\n",
            LINE + b"\n" + PLACES.replace(b"results", b"result") + b"\n\n",
            ["malformed places"],
        ),
        (b"WHATSAT kiwi 10 2\n", LINE + b"\n" + PLACES + b"\n", ["malformed answer"]),
        (b"WHATSAT kiwi 10 2\n", LINE + b"\n" + PLACES + b"\n\n\n", ["malformed places"]),
        (b"WHATSAT kiwi 10 2\r\n", LINE + b"\n" + PLACES + b"\n\n", ["malformed answer"]),
    ],
)
def test_answers_in_the_form_of_the_protocol_and_others(
    command: bytes, answer: bytes, names: list[str]
) -> None:
    assert wrong_answer(command, answer) == names


def test_an_answer_about_a_client_that_nobody_asked_about() -> None:
    story = Story()
    alford = story.session("Alford")
    story.say(alford, b"IAMAT moa +1-1 10\n", 1, 2, LINE + b"\n")
    assert story.names() == [("another client's answer", (0,))]


def test_answers_to_two_commands_that_changed_places() -> None:
    story = Story()
    alford = story.session("Alford")
    story.say(alford, b"one\n", 1, 2, b"? two\n")
    story.say(alford, b"two\n", 1, 2, b"? one\n")
    assert story.names() == [("out of order", (0,)), ("out of order", (1,))]


def test_an_answer_that_came_before_an_earlier_ones() -> None:
    story = Story()
    alford = story.session("Alford")
    story.say(alford, b"one\n", 1, 4, b"? one\n")
    story.say(alford, b"two\n", 2, 3, b"? two\n")
    assert story.names() == [("out of order", (1,))]


def test_an_answer_that_was_left_out() -> None:
    story = Story()
    alford = story.session("Alford")
    story.say(alford, b"one\n", 1)
    story.say(alford, b"two\n", 2, 3, b"? two\n")
    story.close(alford, "lost", 4)
    assert story.names() == [("missing answer", (0, 1))]


@pytest.mark.parametrize(
    ("ending", "since_s", "said_s", "over_s", "is_missing"),
    [
        ("open", 0, 1, 500, False),  # nothing is known of the connection since the calm
        ("open", 101, 110, 129, False),  # there is time
        ("open", 101, 110, 130, True),
        ("client", 101, 110, 200, False),
        ("lost", 0, 110, 120, False),  # the connection is older than the calm
        ("lost", 101, 110, 120, True),
        ("server", 0, 1, 2, True),
    ],
)
def test_a_command_that_has_no_answer(
    ending: Ending, since_s: float, said_s: float, over_s: float, is_missing: bool
) -> None:
    story = Story()
    alford = story.session("Alford", since_s)
    story.say(alford, b"one\n", said_s)
    if ending != "open":
        story.close(alford, ending, over_s)
    assert story.names(over_s, **CALM) == ([("missing answer", (0,))] if is_missing else [])


def test_a_connection_that_brings_something_after_the_calm_brings_all() -> None:
    story = Story()
    alford = story.session("Alford")
    story.say(alford, b"one\n", 1, 150, b"? one\n")
    story.say(alford, b"two\n", 2)
    assert story.names(169.0, **CALM) == []
    assert story.names(170.0, **CALM) == [("missing answer", (1,))]


def test_a_server_that_went_down_need_not_have_answered() -> None:
    story = Story()
    alford = story.session("Alford")
    story.say(alford, b"one\n", 1)
    story.close(alford, "server", 2)
    assert story.names(outages=[Outage("Alford", round(1.5 * S), 3 * S)]) == []
    assert story.names(outages=[Outage("Ball", round(1.5 * S), 3 * S)]) == [("missing answer", (0,))]


@pytest.mark.parametrize(
    "farewell",
    [b"? line over 4096 bytes\n", b"? idle for 3600 s\n", b"? too many connections from this address\n"],
)
def test_after_a_broken_limit_nothing_is_owed(farewell: bytes) -> None:
    story = Story()
    alford, ball = story.session("Alford"), story.session("Ball")
    story.say(alford, b"x\n", 1, 2, farewell)
    story.say(alford, b"one\n", 1)
    story.close(alford, "server", 3)
    story.close(ball, "server", 3, farewell)
    assert story.names() == []


def test_what_nobody_asked_for() -> None:
    story = Story()
    alford = story.session("Alford")
    story.close(alford, "server", 3, b"? hello\n")
    assert story.names() == [("unasked answer", ())]


@pytest.mark.parametrize(("asked_s", "is_wrong"), [(120, False), (140, True)])
def test_a_promise_that_is_refused_though_all_is_well(asked_s: float, is_wrong: bool) -> None:
    story = Story()
    alford = story.session("Alford")
    story.say(alford, b"IAMAT kiwi +1-1 10\n", asked_s, 141, b"? IAMAT kiwi +1-1 10\n")
    names = story.names(durability={"Alford": "neighbor"}, **CALM)
    assert names == ([("refused report", (0,))] if is_wrong else [])


def test_a_refused_report_may_have_been_taken_nevertheless() -> None:
    story = Story()
    alford = story.session("Alford")
    story.say(alford, b"IAMAT kiwi +1-1 10\n", 1, 7, b"? IAMAT kiwi +1-1 10\n")
    story.ask(story.session("Alford"), 2, 3, record("10", 1.5))
    story.report(alford, "10", 8, 9, record("10", 1.5))
    assert story.names(durability={"Alford": "disk"}) == []


@pytest.mark.parametrize(
    ("begin_s", "took_s", "is_late"), [(140, 1, False), (140, 1.01, True), (139.9, 9, False)]
)
def test_a_report_is_answered_at_once_where_the_herd_was_seen_to_have_settled(
    begin_s: float, took_s: float, *, is_late: bool
) -> None:
    story = Story()
    story.report(story.session(since_s=130), "10", begin_s, begin_s + took_s, record("10", begin_s))
    expected = [("late answer", (0,))] if is_late else []
    settled = {**CALM, "seen_settled_ns": 140 * S}
    assert story.names(**settled, prompt_ns=S) == expected
    assert story.names(**settled) == story.names(**CALM, prompt_ns=S) == []
