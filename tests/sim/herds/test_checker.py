"""Histories that no herd could have caused, and those that only look so."""

from __future__ import annotations

import pytest

from herd.core.limits import Limits
from herd.sim.herds.checker import check
from herd.sim.herds.circumstances import Outage
from tests.sim.herds.stories import HERD, PLACES, S, Story, record

CALM = {"calm_ns": 100 * S, "settle_ns": 30 * S, "patience_ns": 20 * S}


# Records.


def test_what_was_reported_may_be_shown_anywhere_later() -> None:
    story = Story()
    alford, ball = story.session("Alford"), story.session("Ball")
    story.ask(ball, 0.5, 0.6, None)
    story.report(alford, "10", 1, 2, record("10", 1.5))
    story.ask(ball, 1.0, 3.0, record("10", 1.5))
    assert story.names() == []


def test_a_record_of_a_report_that_got_no_answer_is_explained() -> None:
    story = Story()
    alford, ball = story.session("Alford"), story.session("Ball")
    story.report(alford, "10", 1)
    story.close(alford, "lost", 2)
    story.ask(ball, 3, 4, record("10", 1.5))
    assert story.names() == []


def test_a_record_that_nobody_reported() -> None:
    story = Story()
    ball = story.session("Ball")
    story.ask(ball, 3, 4, record("10", 1.5))
    (violation,) = story.wrong()
    assert str(violation) == (
        "no strangers: unreported record: Ball showed `AT Alford +1699999991.500000000 kiwi +1-1 10` "
        "at 4.000000 s: nobody reported it"
    )


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (record("10", 1.5, position="+1-2"), "altered position"),
        (record("10.0", 1.5), "altered time"),
        (record("10", 1.5, origin="Welsh"), "altered origin"),
        (record("10", 0.999), "altered difference"),
        (record("10", 2.001), "altered difference"),
        (record("10", 3.5, position="+1-2"), "record of the future"),
    ],
)
def test_a_record_that_is_not_as_it_was_reported(shown: bytes, name: str) -> None:
    story = Story()
    alford, ball = story.session("Alford"), story.session("Ball")
    story.report(alford, "10", 1, 2, record("10", 1.5))
    asked = story.ask(ball, 2.5, 3, shown)
    if name == "record of the future":
        story.report(alford, "10", 3.1, 4, shown, "+1-2")
    assert story.names() == [(name, (asked,))]


def test_a_report_that_was_answered_with_one_record_made_no_other() -> None:
    story = Story()
    alford, ball = story.session("Alford"), story.session("Ball")
    story.report(alford, "10", 1, 2, record("10", 1.5))
    asked = story.ask(ball, 3, 4, record("10", 1.6))
    assert story.names() == [("altered difference", (asked,))]


def test_two_records_of_one_report_are_one_too_many() -> None:
    story = Story()
    alford, ball, welsh = (story.session(name) for name in ("Alford", "Ball", "Welsh"))
    story.report(alford, "10", 1)
    story.close(alford, "lost", 2)
    story.ask(ball, 3, 4, record("10", 1.6))
    asked = story.ask(welsh, 3, 4, record("10", 1.5))
    assert story.names() == [("altered difference", (asked,))]


def test_a_clock_that_is_off_explains_a_difference() -> None:
    story = Story()
    alford = story.session("Alford")
    story.report(alford, "10", 1, 2, record("10", 8.5))
    assert story.names(clocks_off_ns={"Alford": (7 * S, 7 * S)}) == []
    assert story.names(clocks_off_ns={"Alford": (0, 6 * S)}) == [("altered difference", (0,))]


# Never goes back.


def two_reports(story: Story) -> tuple[bytes, bytes]:
    alford = story.session("Alford")
    older, newer = record("10", 1.5), record("11", 2.5)
    story.report(alford, "10", 1, 2, older)
    story.report(alford, "11", 2, 3, newer)
    return older, newer


def test_a_server_that_shows_an_older_record_than_before() -> None:
    story = Story()
    older, newer = two_reports(story)
    ball = story.session("Ball")
    first, second = story.ask(ball, 4, 5, newer), story.ask(story.session("Ball"), 6, 7, older)
    (violation,) = story.wrong()
    assert violation.invariant == "never goes back"
    assert [each.number for each in violation.operations] == [first, second]
    assert violation.text == (
        f"Ball showed `{older.decode()}` (asked at 6.000000 s) "
        f"after `{newer.decode()}` (answered at 5.000000 s)"
    )


def test_another_server_may_still_show_the_older_record() -> None:
    story = Story()
    older, newer = two_reports(story)
    story.ask(story.session("Ball"), 4, 5, newer)
    story.ask(story.session("Welsh"), 6, 7, older)
    assert story.names() == []


def test_what_overlaps_may_have_happened_in_either_order() -> None:
    story = Story()
    older, newer = two_reports(story)
    story.ask(story.session("Ball"), 4, 6, newer)
    story.ask(story.session("Ball"), 5, 7, older)
    story.ask(story.session("Ball"), 6, 7, older)
    assert story.names() == []


def test_in_one_session_the_order_is_known_though_all_overlaps() -> None:
    story = Story()
    older, newer = two_reports(story)
    ball = story.session("Ball")
    story.now_s = 4
    numbers = [story.history.begin(ball, b"WHATSAT kiwi 10 2\n") for _ in range(2)]
    for number, line in zip(numbers, (newer, older), strict=True):
        story.now_s = 5
        story.history.answer(number, line + b"\n" + PLACES + b"\n\n")
    assert story.names() == [("went back", (2, 3))]


def test_a_client_that_is_not_known_any_more() -> None:
    story = Story()
    _, newer = two_reports(story)
    ball = story.session("Ball")
    first, second = story.ask(ball, 4, 5, newer), story.ask(ball, 6, 7, None)
    assert story.names() == [("forgotten client", (first, second))]


def test_times_are_compared_as_decimals_and_then_by_origin() -> None:
    story = Story()
    alford, welsh, ball = (story.session(name) for name in ("Alford", "Welsh", "Ball"))
    nine, ten = record("9.50", 1.5), record("10", 1.5)
    tie = record("10.0", 1.5, origin="Welsh")
    story.report(alford, "9.50", 1, 2, nine)
    story.report(alford, "10", 1, 2, ten)
    story.report(welsh, "10.0", 1, 2, tie)
    for place, line in enumerate((nine, ten, tie)):
        story.ask(ball, 3 + place, 3.5 + place, line)
    assert story.names() == []
    story.ask(ball, 7, 8, ten)
    assert story.names() == [("went back", (5, 6))]


@pytest.mark.parametrize(
    ("durability", "down_s", "up_s", "is_excused"),
    [
        ("memory", 5.5, 5.6, True),
        ("neighbor", 5.5, 5.6, True),
        ("disk", 5.5, 5.6, False),  # it was acknowledged
        ("memory", 3.9, 4.1, True),  # it may have been answered before
        ("memory", 7, 9, True),
        ("memory", 7.1, 9, False),
        ("memory", 2, 3.9, False),
    ],
)
def test_a_crash_excuses_what_answers_did_not_promise(
    durability: str, down_s: float, up_s: float, is_excused: bool
) -> None:
    story = Story()
    alford = story.session("Alford")
    story.report(alford, "11", 4, 5, record("11", 4.5))
    story.ask(story.session("Alford"), 6, 7, None)
    outage = Outage("Alford", round(down_s * S), round(up_s * S))
    names = story.names(durability={"Alford": durability}, outages=[outage])
    assert names == ([] if is_excused else [("forgotten client", (0, 1))])


def test_what_was_only_shown_need_not_be_on_the_disk() -> None:
    story = Story()
    two_reports(story)
    story.ask(story.session("Ball"), 4, 5, record("11", 2.5))
    story.ask(story.session("Ball"), 6, 7, None)
    assert story.names(durability={"Ball": "disk"}, outages=[Outage("Ball", 5 * S, 6 * S)]) == []


def test_a_record_may_vanish_when_it_has_expired() -> None:
    story = Story()
    _, newer = two_reports(story)
    ball = story.session("Ball")
    story.ask(ball, 4, 5, newer)
    story.ask(ball, 12, 12.6, None)
    assert story.names(limits=Limits(record_lifetime_s=10)) == []
    assert story.names(limits=Limits(record_lifetime_s=11.7)) == [("forgotten client", (2, 3))]


def test_a_greater_record_that_expires_first_leaves_nothing_of_what_it_replaced() -> None:
    story = Story()
    alford, ball = story.session("Alford"), story.session("Ball")
    story.report(ball, "99", 1, 2, record("99", 1.5, origin="Ball"))
    story.report(alford, "10", 8, 9, record("10", 8.5))
    story.ask(alford, 12.0, 12.5, None)  # 99 came to Alford meanwhile, and is over
    assert story.names(limits=Limits(record_lifetime_s=11)) == []
    assert story.names(limits=Limits(record_lifetime_s=12)) == [("forgotten client", (1, 2))]


def test_a_full_cache_may_drop_the_oldest_record() -> None:
    story = Story()
    alford = story.session("Alford")
    story.report(alford, "10", 1, 2, record("10", 1.5))
    for place, client in enumerate(("moa", "kea")):
        line = record("10", 3.5 + place, client=client)
        story.say(alford, b"IAMAT %b +1-1 10\n" % client.encode(), 3 + place, 4 + place, line + b"\n")
    story.ask(alford, 6, 7, None)
    assert story.names(limits=Limits(clients_held=2)) == []
    assert story.names(limits=Limits(clients_held=3)) == [("forgotten client", (0, 3))]


def test_a_report_is_not_answered_with_an_older_record() -> None:
    story = Story()
    ball = story.session("Ball")
    story.report(ball, "9", 1, 2, record("9", 1.5, origin="Ball"))
    story.report(ball, "10", 3, 4, record("9", 1.5, origin="Ball"))
    assert story.names() == [("older answer", (1,))]


# Promises.


@pytest.mark.parametrize(("asked_s", "names"), [(129.9, []), (130, [("lost report", (0, 1))])])
def test_an_acknowledged_report_is_everywhere_once_the_herd_has_settled(
    asked_s: float, names: list[object]
) -> None:
    story = Story()
    story.report(story.session("Alford"), "10", 1, 2, record("10", 1.5))
    story.ask(story.session("Welsh"), asked_s, 131, None)
    assert story.names(**CALM) == names


def test_what_is_acknowledged_later_has_as_long_to_get_about() -> None:
    story = Story()
    story.report(story.session("Alford"), "10", 150, 151, record("10", 150.5))
    welsh = story.session("Welsh")
    story.ask(welsh, 181, 182, None)
    late = story.ask(welsh, 181.1, 182, None)
    assert story.names(**CALM) == [("lost report", (0, late))]


def test_a_lost_report_is_told_in_a_sentence() -> None:
    story = Story()
    story.report(story.session("Alford"), "10", 1, 2, record("10", 1.5))
    story.ask(story.session("Welsh"), 140, 141, None)
    (violation,) = story.wrong(**CALM)
    assert str(violation) == (
        "promises kept: lost report: Alford acknowledged `AT Alford +1699999991.500000000 kiwi +1-1 10` at "
        "2.000000 s, and Welsh showed nothing at 141.000000 s, though all was well since 100.000000 s"
    )


@pytest.mark.parametrize(
    ("durability", "outages", "is_excused"),
    [
        ("memory", [Outage("Alford", 2 * S, 3 * S)], True),
        ("memory", [Outage("Ball", 2 * S, 3 * S)], False),
        ("neighbor", [Outage("Alford", 2 * S, 3 * S)], False),
        ("neighbor", [Outage("Alford", 2 * S, None)], False),
        ("neighbor", [Outage("Alford", 2 * S, 3 * S), Outage("Ball", 50 * S, 51 * S)], True),
        ("neighbor", [Outage("Ball", 2 * S, 3 * S), Outage("Welsh", 50 * S, 51 * S)], False),
        ("disk", [Outage("Alford", 2 * S, 3 * S), Outage("Ball", 2 * S, 3 * S)], False),
        ("disk", [Outage("Alford", 2 * S, None)], True),
    ],
)
def test_what_a_promise_survives(durability: str, outages: list[Outage], is_excused: bool) -> None:
    story = Story()
    story.report(story.session("Alford"), "10", 1, 2, record("10", 1.5))
    story.ask(story.session("Welsh"), 140, 141, None)
    names = story.names(durability={"Alford": durability}, outages=outages, **CALM)
    assert names == ([] if is_excused else [("lost report", (0, 1))])


def test_servers_that_the_dead_keep_apart_owe_each_other_nothing() -> None:
    story = Story()
    alford = story.session("Alford")
    story.report(alford, "10", 1, 2, record("10", 1.5))
    story.ask(story.session("Welsh"), 140, 141, None)
    assert story.names(outages=[Outage("Ball", 0, None)], **CALM) == []
    later = story.ask(alford, 140, 141, None)
    assert ("lost report", (0, later)) in story.names(outages=[Outage("Ball", 0, None)], **CALM)


def test_without_calm_nothing_is_overdue() -> None:
    story = Story()
    story.report(story.session("Alford"), "10", 1, 2, record("10", 1.5))
    story.ask(story.session("Welsh"), 900, 901, None)
    assert story.names() == []


def test_what_servers_hold_at_the_end_is_judged_as_an_answer() -> None:
    story = Story()
    older, newer = two_reports(story)
    story.now_s = 50
    story.history.finish()
    assert check(story.history, HERD, {"Alford": {b"kiwi": newer}, "Ball": {}}) == []
    (violation,) = check(story.history, HERD, {"Alford": {b"kiwi": older}, "Ball": {}})
    assert (violation.name, violation.operations[1].number) == ("went back", 2)
    forged = record("12", 3.5)
    (violation,) = check(story.history, HERD, {"Alford": {b"kiwi": newer}, "Ball": {b"kiwi": forged}})
    assert (violation.invariant, violation.name) == ("no strangers", "altered time")


# Answers.


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
    ending: str, since_s: float, said_s: float, over_s: float, is_missing: bool
) -> None:
    story = Story()
    alford = story.session("Alford", since_s)
    story.say(alford, b"one\n", said_s)
    if ending != "open":
        story.close(alford, ending, over_s)  # type: ignore[arg-type] # it is drawn from a list
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
