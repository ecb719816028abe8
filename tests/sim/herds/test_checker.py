"""Histories that no herd could have caused, and those that only look so."""

from __future__ import annotations

import pytest

from herd.core.limits import Limits
from herd.sim.herds.checker import check
from herd.sim.herds.circumstances import Outage
from tests.sim.herds.stories import CALM, HERD, PLACES, S, Story, record

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


def test_a_report_that_was_answered_with_an_earlier_record_made_none() -> None:
    story = Story()
    alford, ball = story.session("Alford"), story.session("Ball")
    story.report(alford, "10", 1, 2, record("10", 1.5))
    story.report(alford, "10", 3, 4, record("10", 1.5))
    asked = story.ask(ball, 5, 6, record("10", 3.5))
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


def test_a_crash_excuses_nothing_that_was_shown_after_it() -> None:
    story = Story()
    oldest, newest = record("9", 0.5), record("12", 3.5)
    story.report(story.session("Alford"), "9", 0, 1, oldest)
    older, newer = two_reports(story)
    story.report(story.session("Alford"), "12", 3, 4, newest)
    story.ask(story.session("Ball"), 4, 5, newest)
    shown = story.ask(story.session("Ball"), 7, 8, newer)
    assert story.names(outages=[Outage("Ball", 5 * S, 6 * S)]) == []
    again = story.ask(story.session("Ball"), 9, 10, older)
    assert story.names(outages=[Outage("Ball", 5 * S, 6 * S)]) == [("went back", (shown, again))]


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


@pytest.mark.parametrize(
    ("reported_s", "asked_s", "names"),
    [
        (104, 105.9, []),
        (104, 106.1, [("lost report", (0, 1))]),  # it was acknowledged before all were seen to agree
        (106, 120, []),
        (106, 138, [("lost report", (0, 1))]),
    ],
)
def test_a_herd_that_was_seen_to_have_settled_has_all_that_was_acknowledged(
    reported_s: float, asked_s: float, names: list[object]
) -> None:
    story = Story()
    line = record("10", reported_s + 0.5)
    story.report(story.session("Alford"), "10", reported_s, reported_s + 1, line)
    story.ask(story.session("Welsh"), asked_s, asked_s + 1, None)
    assert story.names(**CALM, seen_settled_ns=106 * S) == names


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


def test_a_neighbors_record_from_too_far_in_the_future_is_not_to_be_shown() -> None:
    def names(shown_by: str, at_s: float) -> list[tuple[str, tuple[int, ...]]]:
        story = Story()
        ball, other = story.session("Ball"), story.session(shown_by)
        line = record("10", 31, origin="Ball")
        story.report(ball, "10", 0.5, 1.5, line)
        story.ask(other, 2, at_s, line)
        return story.names(limits=Limits(clock_skew_s=20), clocks_off_ns={"Ball": (0, 30 * S)})

    assert names("Alford", 10.9) == [("record of the future", (1,))]
    assert names("Alford", 11) == []
    assert names("Ball", 2.5) == []
