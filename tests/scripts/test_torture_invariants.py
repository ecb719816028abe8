"""How `scripts/torture` judges: histories that break a rule, and those that only look as if they did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from torturing import invariants
from torturing.history import Breach, History, Life, Record, Sighting, parse_record
from torturing.invariants import GROWTH_BYTES, Holdings, Peaks, Quiet

if TYPE_CHECKING:
    from herd.config.model import Durability

ALFORD = Life("Alford", 1)
ALFORD_AGAIN = Life("Alford", 2)
BALL = Life("Ball", 1)


def record(time: str, origin: str = "Ball", client: str = "kiwi", position: str = "+1.0-1.0") -> Record:
    made = parse_record(f"AT {origin} +0.000000001 {client} {position} {time}".encode())
    assert made is not None
    return made


def saw(
    time: str, since_s: float, until_s: float, life: Life = ALFORD, *, is_promise: bool = False
) -> Sighting:
    return Sighting(life, record(time), since_s, until_s, is_promise)


def history(*sightings: Sighting) -> History:
    made = History(lambda: 0.0, sightings=list(sightings))
    for each in sightings:
        made.report(each.record.client, each.record.numeral, each.record.position)
    return made


def texts(breaches: list[Breach]) -> list[str]:
    return [breach.text for breach in breaches]


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (record("10.5"), record("9.25")),
        (record("10.50000000001"), record("10.5")),
        (record("10", "Welsh"), record("10", "Ball")),
        (record("10.0", position="+2.0-1.0"), record("10.0")),
    ],
)
def test_records_are_ordered_by_time_then_origin_then_line(newer: Record, older: Record) -> None:
    assert newer > older


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"IAMAT k +1-1 1",
        b"AT Ball +0.1 k +1-1 1",
        b"AT Ball 0.000000001 k +1-1 1",
        b"AT a +0.000000001 k +1-1 1 ",
    ],
)
def test_what_is_no_record(line: bytes) -> None:
    assert parse_record(line) is None


def test_servers_that_hold_the_same_have_converged() -> None:
    held = {b"kiwi": record("1"), b"fig": None}
    assert invariants.converges({"Alford": held, "Ball": dict(held)}) == []


def test_a_server_that_holds_something_else_has_not_converged() -> None:
    holdings: Holdings = {
        "Alford": {b"kiwi": record("1")},
        "Ball": {b"kiwi": record("2")},
        "Welsh": {b"kiwi": None},
    }
    assert [text.split(" and ") for text in texts(invariants.converges(holdings))] == [
        ["Ball has AT Ball +0.000000001 kiwi +1.0-1.0 2", "Alford AT Ball +0.000000001 kiwi +1.0-1.0 1"],
        ["Welsh has nothing", "Alford AT Ball +0.000000001 kiwi +1.0-1.0 1"],
    ]


def test_an_older_record_after_a_newer_one_went_back() -> None:
    (breach,) = invariants.never_goes_back(history(saw("2", 0, 1), saw("1", 1.5, 2)), "neighbor")
    assert breach.text.startswith("Alford (life 1) showed AT Ball +0.000000001 kiwi +1.0-1.0 1 ")
    assert breach.clients == (b"kiwi",)


def test_answers_that_crossed_do_not_tell_what_was_first() -> None:
    assert invariants.never_goes_back(history(saw("2", 0, 1), saw("1", 0.9, 2)), "neighbor") == []


def test_the_newest_of_all_that_came_before_counts() -> None:
    crossed = history(saw("3", 0, 1), saw("1", 0, 1.2), saw("2", 1.5, 2))
    assert len(invariants.never_goes_back(crossed, "neighbor")) == 1


def test_another_server_and_another_client_are_another_matter() -> None:
    fig = Sighting(ALFORD, record("1", client="fig"), 2, 3, is_promise=False)
    assert invariants.never_goes_back(history(saw("2", 0, 1), saw("1", 2, 3, BALL), fig), "disk") == []


@pytest.mark.parametrize(
    ("durability", "is_promise", "count"),
    [("memory", True, 0), ("neighbor", True, 0), ("disk", True, 1), ("disk", False, 0)],
)
def test_what_a_disk_promised_outlives_its_server(
    durability: Durability, is_promise: bool, count: int
) -> None:
    lived = history(saw("2", 0, 1, is_promise=is_promise), saw("1", 2, 3, ALFORD_AGAIN))
    assert len(invariants.never_goes_back(lived, durability)) == count


def test_a_promise_is_kept_where_every_server_has_the_report_or_a_newer_one() -> None:
    lived = history(saw("2", 0, 1, is_promise=True), saw("1", 0, 0.5, is_promise=True), saw("3", 2, 3))
    holdings = {"Alford": {b"kiwi": record("2.0")}, "Ball": {b"kiwi": record("3")}}
    assert invariants.promises_kept(lived, holdings, "neighbor") == []


@pytest.mark.parametrize("left", [None, record("1.9")])
def test_a_promise_is_broken_where_a_server_has_less(left: Record | None) -> None:
    lived = history(saw("2", 0, 1, is_promise=True))
    (breach,) = invariants.promises_kept(
        lived, {"Alford": {b"kiwi": record("2")}, "Ball": {b"kiwi": left}}, "disk"
    )
    assert breach.text.startswith(
        "Alford (life 1) acknowledged AT Ball +0.000000001 kiwi +1.0-1.0 2 at 1.000 s"
    )


def test_memory_promises_nothing_beyond_the_life_of_its_server() -> None:
    lived = history(saw("2", 0, 1, is_promise=True))
    holdings = {"Alford": {b"kiwi": None}}
    assert len(invariants.promises_kept(lived, holdings, "memory")) == 1
    lived.deaths[ALFORD] = 5.0
    assert invariants.promises_kept(lived, holdings, "memory") == []
    assert len(invariants.promises_kept(lived, holdings, "neighbor")) == 1


def test_what_writers_reported_is_genuine() -> None:
    lived = history(saw("2", 0, 1))
    assert invariants.no_strangers(lived, {"Alford": {b"kiwi": record("2")}}, {"Alford": 1}) == []


@pytest.mark.parametrize("forged", [record("3"), record("2", position="+3.0+3.0"), record("2", client="fig")])
def test_what_nobody_reported_is_a_strangers(forged: Record) -> None:
    lived = history(saw("2", 0, 1))
    shown = {"Alford": {b"kiwi": record("2"), forged.client: forged}}
    breaches = invariants.no_strangers(lived, shown, {"Alford": len(shown["Alford"])})
    assert [breach.clients for breach in breaches] == [(forged.client,)]


def test_a_client_that_nobody_knows_of_is_a_strangers() -> None:
    lived = history(saw("2", 0, 1))
    (breach,) = invariants.no_strangers(lived, {"Alford": {b"kiwi": record("2")}}, {"Alford": 2})
    assert breach.text == "Alford holds 2 records, of which 1 are known"


def test_a_flood_that_ends_takes_a_message_each_way_of_a_link_at_most() -> None:
    there, back = ("Alford", "Ball"), ("Ball", "Alford")
    assert invariants.terminates(Quiet(0, ({there: 1, back: 1}, {there: 0, back: 1}))) == []
    assert texts(invariants.terminates(Quiet(2, ({there: 1, back: 2},)))) == [
        "2 records were sent with nothing to send",
        "report 1 made Ball send 2 records to Alford",
    ]


def test_an_outbox_may_hold_as_much_as_the_cache_and_no_more() -> None:
    peaks = Peaks()
    peaks.take_status({"name": "Alford", "records": 5, "neighbors": [{"name": "Ball", "outbox": 5}]})
    assert (invariants.bounded(peaks), peaks.outbox) == ([], 5)
    peaks.take_status({"name": "Alford", "records": 5, "neighbors": [{"name": "Ball", "outbox": 6}]})
    assert texts(invariants.bounded(peaks)) == ["Alford owed Ball 6 of 5 records"]


def test_memory_is_compared_within_a_life() -> None:
    peaks = Peaks()
    peaks.weigh(ALFORD, 10)
    peaks.weigh(ALFORD_AGAIN, 10 + 2 * GROWTH_BYTES)
    peaks.weigh(ALFORD, 10 + GROWTH_BYTES)
    assert invariants.bounded(peaks) == []
    peaks.weigh(ALFORD, 11 + GROWTH_BYTES)
    assert texts(invariants.bounded(peaks)) == ["a server grew by 64 MiB"]
