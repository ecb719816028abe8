"""One server's answers and what it owes its neighbors: the contract's table, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from herd.core.limits import Limits
from herd.core.native import Outbox
from herd.core.record import NS_PER_S
from herd.core.replica import Replica
from tests.core.strategies import NOW_NS

if TYPE_CHECKING:
    from collections.abc import Callable

POSITION = b"+34.068930-118.445127"
TIME = b"1479413884.392014450"
CLIENT = b"kiwi.cs.ucla.edu"
ALFORD = b"AT Alford +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450"
BALL = ALFORD.replace(b"Alford", b"Ball")
DAY_NS = 86_400 * NS_PER_S


class Calls:
    """How often a replica has said that something is owed."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def alford(limits: Limits | None = None, on_owed: Callable[[], None] = lambda: None) -> Replica:
    """Return a replica whose links are up."""
    replica = Replica("Alford", ["Hamilton", "Welsh"], limits or Limits(), on_owed)
    for outbox in replica.flood.outboxes.values():
        outbox.open()
    return replica


def iamat(client: bytes, time: bytes = TIME, ending: bytes = b"\n") -> tuple[bytes, bytes, bytes, bytes]:
    """Return a report as the parser gives it."""
    return b"IAMAT %b %b %b%b" % (client, POSITION, time, ending), client, POSITION, time


def report(
    replica: Replica, *, time: bytes = TIME, position: bytes = POSITION, now_ns: int = NOW_NS
) -> bytes:
    command = b"IAMAT %b %b %b\n" % (CLIENT, position, time)
    (answer,) = replica.report([(command, CLIENT, position, time)], now_ns)
    return answer


def learn(replica: Replica, line: bytes, source: str = "Welsh", now_ns: int = NOW_NS) -> int:
    return replica.learn([(line, line.split(b" ")[3])], source, now_ns)


def owed(replica: Replica) -> dict[str, list[bytes]]:
    return {name: outbox.take(10**9) for name, outbox in replica.flood.outboxes.items()}


def test_the_example_of_the_specification() -> None:
    replica = alford()
    assert report(replica) == ALFORD + b"\n"
    assert replica.cache.get(CLIENT, NOW_NS) == ALFORD
    assert owed(replica) == {"Hamilton": [ALFORD], "Welsh": [ALFORD]}


def test_each_answer_ends_as_its_report() -> None:
    reports = [iamat(b"a", ending=b"\r\n"), iamat(b"b"), iamat(b"a", ending=b""), iamat(b"a", ending=b"\r")]
    of_a, of_b = (ALFORD.replace(CLIENT, client) for client in (b"a", b"b"))
    assert alford().report(reports, NOW_NS) == [of_a + b"\r\n", of_b + b"\n", of_a + b"\n", of_a + b"\n"]


def test_no_reports_have_no_answer() -> None:
    calls = Calls()
    assert alford(on_owed=calls).report([], NOW_NS) == []
    assert calls.count == 0


def test_a_retry_is_answered_with_the_first_answer_and_goes_nowhere() -> None:
    replica = alford()
    first = report(replica)
    owed(replica)
    assert report(replica, now_ns=NOW_NS + 5 * NS_PER_S) == first
    assert owed(replica) == {"Hamilton": [], "Welsh": []}


def test_a_retry_at_another_server_is_answered_with_that_servers_record() -> None:
    replica = alford()
    learn(replica, BALL)
    owed(replica)
    assert report(replica, now_ns=NOW_NS + 5 * NS_PER_S) == BALL + b"\n"
    assert owed(replica) == {"Hamilton": [], "Welsh": []}


@pytest.mark.parametrize("time", [b"1", b"1479413884.392014449", b"1479413884", b"1479413884.39201444999999"])
def test_a_report_that_comes_too_late_is_answered_with_the_newer_record(time: bytes) -> None:
    replica = alford()
    learn(replica, BALL)
    owed(replica)
    assert report(replica, time=time) == BALL + b"\n"
    assert owed(replica) == {"Hamilton": [], "Welsh": []}


@pytest.mark.parametrize("time", [b"1479413884.3920144500001", b"1479413885", b"9" * 300])
def test_a_newer_report_is_answered_with_the_record_just_made(time: bytes) -> None:
    replica = alford()
    learn(replica, BALL)
    owed(replica)
    answer = report(replica, time=time)
    assert answer.startswith(b"AT Alford ")
    assert answer.endswith(b" " + time + b"\n")
    assert owed(replica) == {"Hamilton": [answer[:-1]], "Welsh": [answer[:-1]]}


def test_at_one_time_the_greater_origin_wins() -> None:
    elsewhere = b"+1.5-1.5"
    below, above = (ALFORD.replace(b"Alford", origin) for origin in (b"Aaron", b"Ball"))
    replica = alford()
    learn(replica, below)
    assert report(replica, position=elsewhere) == ALFORD.replace(POSITION, elsewhere) + b"\n"
    learn(replica, above)
    assert report(replica, position=elsewhere) == above + b"\n"


def test_of_two_reports_in_one_batch_only_the_newest_is_owed() -> None:
    replica = alford()
    reports = [iamat(b"kiwi", time) for time in (b"1", b"3", b"2")]
    answers = [answer[:-1] for answer in replica.report(reports, NOW_NS)]
    assert [answer.rsplit(b" ", 1)[1] for answer in answers] == [b"1", b"3", b"3"]
    assert owed(replica) == {"Hamilton": [answers[1]], "Welsh": [answers[1]]}


def test_a_neighbors_record_goes_to_the_other_neighbors() -> None:
    replica = alford()
    assert learn(replica, BALL, "Welsh") == 1
    assert owed(replica) == {"Hamilton": [BALL], "Welsh": []}
    assert learn(replica, BALL, "Welsh") == 0
    assert learn(replica, ALFORD, "Welsh") == 0
    assert owed(replica) == {"Hamilton": [], "Welsh": []}


def test_a_record_that_both_neighbors_send_goes_nowhere() -> None:
    replica = alford()
    assert learn(replica, BALL, "Welsh") == 1
    assert learn(replica, BALL, "Hamilton") == 0
    assert owed(replica) == {"Hamilton": [], "Welsh": []}


def test_a_neighbor_that_sends_an_older_record_is_still_owed_the_newer() -> None:
    replica = alford()
    learn(replica, BALL, "Hamilton")
    assert learn(replica, ALFORD, "Welsh") == 0
    assert owed(replica) == {"Hamilton": [], "Welsh": [BALL]}


def test_something_owed_is_told_once_for_each_batch() -> None:
    calls = Calls()
    replica = alford(on_owed=calls)
    report(replica)
    assert calls.count == 1
    report(replica)
    learn(replica, ALFORD)
    assert calls.count == 1
    replica.report([iamat(b"%d" % number) for number in range(50)], NOW_NS)
    assert calls.count == 2
    learn(replica, BALL)
    assert calls.count == 3


def test_a_record_that_has_expired_is_made_anew() -> None:
    replica = alford()
    report(replica)
    assert report(replica, now_ns=NOW_NS + DAY_NS - 1) == ALFORD + b"\n"
    owed(replica)
    anew = ALFORD.replace(b"+0.263873386", b"+86400.263873386")
    assert report(replica, now_ns=NOW_NS + DAY_NS) == anew + b"\n"
    assert owed(replica) == {"Hamilton": [anew], "Welsh": [anew]}


def test_a_neighbors_expired_record_is_not_taken() -> None:
    replica = alford()
    assert learn(replica, BALL, now_ns=NOW_NS + DAY_NS) == 0
    assert owed(replica) == {"Hamilton": [], "Welsh": []}
    assert len(replica.cache) == 0


def test_a_report_that_finds_no_room_is_answered_all_the_same() -> None:
    replica = alford(Limits(clients_held=1))
    ahead = BALL.replace(b"kiwi", b"zebra").replace(b"+0.263873386", b"+9.263873386")
    assert learn(replica, ahead) == 1
    owed(replica)
    assert report(replica) == ALFORD + b"\n"
    assert replica.cache.peek(CLIENT) is None
    assert owed(replica) == {"Hamilton": [], "Welsh": []}


@pytest.mark.parametrize(
    ("ahead_ns", "is_taken"), [(0, True), (3600 * NS_PER_S, True), (3600 * NS_PER_S + 1, False)]
)
def test_a_neighbors_record_from_too_far_in_the_future_is_not_taken(ahead_ns: int, is_taken: bool) -> None:
    replica = alford()
    assert learn(replica, BALL, now_ns=NOW_NS - ahead_ns) == is_taken
    assert replica.refused == (not is_taken)
    assert owed(replica) == {"Hamilton": [BALL] * is_taken, "Welsh": []}


def test_the_journal_is_owed_what_comes_from_clients_and_neighbors_alike() -> None:
    replica = alford()
    journal = Outbox()
    journal.open()
    replica.flood.keep(journal)
    learn(replica, BALL, "Welsh")
    answer = report(replica, time=b"1479413885")[:-1]
    assert len(journal) == 1
    assert journal.take(10**9) == [answer]


def test_other_limits_are_taken_on() -> None:
    replica = alford()
    replica.report([iamat(b"%d" % number) for number in range(5)], NOW_NS)
    replica.configure(Limits(clients_held=2, clock_skew_s=1, record_lifetime_s=10))
    while replica.cache.sweep(NOW_NS, 1):
        pass
    assert [client for client in (b"0", b"1", b"2", b"3", b"4") if replica.cache.peek(client)] == [b"3", b"4"]
    assert learn(replica, BALL, now_ns=NOW_NS - NS_PER_S - 1) == 0
    assert replica.cache.get(b"4", NOW_NS + 10 * NS_PER_S) is None


def test_an_unknown_neighbor_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        learn(alford(), BALL, "Ball")
