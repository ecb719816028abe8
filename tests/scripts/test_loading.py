"""What `scripts/load-test` is made of: due times, commands, answers, histograms, sightings, timelines."""

from __future__ import annotations

import random
import socket
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from loading.answering import answers
from loading.commands import WHATSAT, Commands
from loading.connection import Connection
from loading.conversation import Conversation, Tally
from loading.drawing import round_ticks
from loading.generator import Sample
from loading.latencies import LONGEST_US, Latencies
from loading.plan import Plan
from loading.plot import svg
from loading.sightings import Sightings
from loading.timeline import Timeline

from herd.config.model import Address

SECOND = 10**9
MS = 10**6
PLAN = Plan(
    addresses=(Address("127.0.0.1", 1), Address("127.0.0.1", 2)),
    connections=4,
    pipeline=16,
    seconds=0.01,
    clients=10,
    whatsat_percent=0.0,
    rate=1000.0,
    seed=7,
)


def ids(block: bytes) -> list[bytes]:
    return [line.split()[1] for line in block.splitlines()]


def times(block: bytes) -> list[bytes]:
    return [line.split()[3] for line in block.splitlines()]


# The plan


def test_commands_are_due_at_even_times_on_the_connections_in_turn() -> None:
    dues = list(PLAN.dues_of(0))
    assert dues == [(number * MS, number % 4) for number in range(10)]


def test_a_rate_that_does_not_divide_the_second_has_no_drift() -> None:
    dues = [due_ns for due_ns, _ in evolve(PLAN, rate=3.0, seconds=2.0).dues_of(0)]
    assert dues == [0, 333_333_333, 666_666_666, 1_000_000_000, 1_333_333_333, 1_666_666_666]


@settings(max_examples=30)
@given(processes=st.integers(1, 4), rate=st.floats(1, 5000), connections=st.integers(4, 9))
def test_processes_share_the_load_of_one(processes: int, rate: float, connections: int) -> None:
    plan = evolve(PLAN, rate=rate, connections=connections, processes=processes)
    shares = [list(plan.dues_of(process)) for process in range(processes)]
    assert sorted(due for share in shares for due in share) == sorted(evolve(plan, processes=1).dues_of(0))
    owners = [number for process in range(processes) for number in plan.connections_of(process)]
    assert sorted(owners) == list(range(connections))
    assert all(share == sorted(share) for share in shares)


def test_clients_and_servers_are_spread_over_the_connections() -> None:
    assert [list(PLAN.clients_of(number)) for number in range(4)] == [[0, 4, 8], [1, 5, 9], [2, 6], [3, 7]]
    assert list(evolve(PLAN, clients=1).clients_of(3)) == [3]
    assert [PLAN.address_of(number).port for number in range(4)] == [1, 2, 1, 2]


# Commands


def test_commands_due_at_different_times_carry_them() -> None:
    commands = Commands(PLAN, 1, offset_ns=1_700_000_000 * SECOND)
    block, endings = commands.issue([5, 6 * SECOND, 7 * SECOND + MS, 8 * SECOND])
    assert ids(block) == [b"load-7-1", b"load-7-5", b"load-7-9", b"load-7-1"]
    assert times(block) == [
        b"1700000000.000000005",
        b"1700000006.000000000",
        b"1700000007.001000000",
        b"1700000008.000000000",
    ]
    assert b"".join(b"IAMAT" + ending + b"\n" for ending in endings) == block


def test_commands_due_at_once_are_the_same_but_for_their_time() -> None:
    one, other = Commands(PLAN, 0, 0), Commands(PLAN, 0, 0)
    assert one.issue([5, 5, 5])[0] == b"".join(other.issue([5])[0] for _ in range(3))
    assert one.issue([9, 9])[1] == [other.issue([9])[1][0] for _ in range(2)]


def test_sending_at_once_is_later_each_time() -> None:
    commands = Commands(PLAN, 0, 0)
    assert (commands.at_once, commands.at(100, 2), commands.at(100, 1)) == (3, [100, 100], [101])
    assert commands.at(50, 1) == [102]
    assert commands.at(200, 1) == [200]


def test_a_mix_asks_only_about_clients_that_have_reported() -> None:
    block, endings = Commands(evolve(PLAN, whatsat_percent=50.0), 0, 0).issue(list(range(1000)))
    lines = block.splitlines()
    assert (lines[0][:6], len(lines)) == (b"IAMAT ", len(endings))
    assert [ending is WHATSAT for ending in endings] == [line.startswith(b"WHATSAT ") for line in lines]
    assert 400 < endings.count(WHATSAT) < 600
    reported: dict[bytes, None] = {}
    for line in lines:
        word, client = line.split()[:2]
        if word == b"IAMAT":
            reported[client] = None
        else:
            assert client in reported
            assert line.endswith(b" 10 5")


# Conversations


def figures(tally: Tally) -> tuple[Any, ...]:
    counts = (tally.sent, tally.iamat, tally.whatsat, tally.wrong, tally.refused)
    return (*counts, tally.complaint, tally.unanswered, tally.latency.summary_ms())


def hold(plan: Plan, *, is_fast: bool, spoil: bytes, cuts: list[int]) -> tuple[Any, ...]:
    """Return the tally of a conversation: 20 commands, answered in pieces, one of the answers spoiled."""
    tally = Tally()
    conversation = Conversation(tally, is_fast=is_fast)
    commands = Commands(plan, 0, 0)
    dues = [MS * number for number in range(20)]
    block, endings = commands.issue(dues)
    conversation.sent(dues, endings)
    data = answers(block)
    data = data.replace(b"load-7-8", spoil) if spoil else data
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(data)], strict=True)):
        conversation.feed(data[start:end], (100 + number) * MS)
    return figures(tally)


@settings(max_examples=60)
@given(data=st.data(), percent=st.sampled_from([0.0, 30.0]))
def test_the_fast_way_is_the_slow_way(data: st.DataObject, percent: float) -> None:
    spoil = data.draw(
        st.sampled_from([b"", b"other", b"load-7-8 ", b"x\n", b"x\n? ", b"\n\n", b"load-7-8\nAT x"])
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, 1400), max_size=5)))
    plan = evolve(PLAN, whatsat_percent=percent)
    fast, slow = (hold(plan, is_fast=is_fast, spoil=spoil, cuts=cuts) for is_fast in (True, False))
    assert fast == slow
    if not spoil:
        assert fast[1] + fast[2] == fast[0] == 20
        assert fast[3:7] == (0, 0, None, 0)


def test_latency_counts_from_when_each_command_was_due() -> None:
    tally = Tally()
    conversation = Conversation(tally)
    commands = Commands(PLAN, 0, 0)
    for dues in ([0, 10 * MS], [30 * MS]):
        block, endings = commands.issue(dues)
        conversation.sent(dues, endings)
        conversation.feed(answers(block), 40 * MS)
    assert tally.iamat == 3
    assert [ms for _, ms in tally.latency.curve_ms()] == pytest.approx([10, 30, 40], rel=1e-3)


@pytest.mark.parametrize(
    ("answer", "wrong", "refused", "complaint"),
    [
        (b"? IAMAT load-7-0\n", 0, 1, "refused: b'? IAMAT load-7-0\\n'"),
        (
            b"AT Alford +0.1 load-7-0 +1+1 5\n",
            1,
            0,
            "a wrong answer: b'AT Alford +0.1 load-7-0 +1+1 5\\n' to",
        ),
        (b"HELLO\n", 1, 0, "a wrong answer: b'HELLO\\n' to"),
    ],
)
def test_what_is_no_answer_counts(answer: bytes, wrong: int, refused: int, complaint: str) -> None:
    tally = Tally()
    conversation = Conversation(tally)
    conversation.sent([0], Commands(PLAN, 0, 0).issue([0])[1])
    conversation.feed(answer, MS)
    assert (tally.answered, tally.wrong, tally.refused, len(conversation)) == (0, wrong, refused, 0)
    assert (tally.complaint or "").startswith(complaint)


def test_an_answer_that_nobody_asked_for_is_one_error() -> None:
    tally = Tally()
    Conversation(tally).feed(b"AT Alford +0.1 kiwi +1+1 5\n", MS)
    assert (tally.wrong, tally.unanswered, tally.failed) == (1, 0, 1)


# Connections


def test_a_stall_counts_for_all_that_was_due_meanwhile() -> None:
    tally, late = Tally(), Latencies()
    near, far = socket.socketpair()
    with near, far:
        connection = Connection(near, Commands(PLAN, 0, 0), 2, tally, late)
        connection.due_ns += [0, 10 * MS, 20 * MS, 30 * MS]
        connection.fill_due(1 * MS, had_room=True)
        far.sendall(answers(far.recv(4096)))
        connection.read(100 * MS)
        connection.fill_due(100 * MS, had_room=False)
        far.sendall(answers(far.recv(4096)))
        connection.read(101 * MS)
        assert connection.is_idle
        connection.due_ns.append(40 * MS)
        assert connection.give_up(140 * MS) == 1
    assert [ms for _, ms in tally.latency.curve_ms()] == pytest.approx([71, 81, 90, 100], rel=1e-3)
    assert (tally.iamat, tally.sent, tally.failed) == (4, 4, 0)
    assert late.count == 2  # what waited for room was not late by the generator's fault


def test_what_the_socket_does_not_take_is_sent_later() -> None:
    tally = Tally()
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(0)
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection = Connection(near, Commands(PLAN, 0, 0), 5000, tally, Latencies())
        connection.fill(MS)
        assert connection.wants_to_write
        got = b""
        while got.count(b"\n") < 5000:
            got += far.recv(65_536)
            connection.write()
    assert not connection.wants_to_write
    assert got == b"".join(line + b"\n" for line in got.splitlines())
    assert (tally.sent, len(set(times(got)))) == (5000, 1667)  # three clients: three reports a moment


# Histograms


@settings(max_examples=30)
@given(
    st.lists(st.integers(0, LONGEST_US), min_size=1, max_size=300), st.sampled_from([0.1, 50, 90, 99, 99.9])
)
def test_a_percentile_has_three_digits(us: list[int], percent: float) -> None:
    latencies = Latencies()
    latencies.add_all(us)
    rank = max(1, int(percent / 100 * len(us) + 0.5))
    assert latencies.percentile_ms(percent) * 1000 == pytest.approx(sorted(us)[rank - 1], rel=1e-3, abs=0.01)
    assert latencies.percentile_ms(100) * 1000 == pytest.approx(max(us))
    assert latencies.count == len(us)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 10**5)), st.lists(st.integers(0, 10**5)))
def test_histograms_add_up(one: list[int], other: list[int]) -> None:
    parts, whole, total = (Latencies(), Latencies()), Latencies(), Latencies()
    for part, us in zip(parts, (one, other), strict=True):
        part.add_all(us)
        whole.add_all(us)
        total.add_encoded(part.encoded())
    assert total.summary_ms() == pytest.approx(whole.summary_ms(), rel=1e-3)
    assert total.encoded() == whole.encoded()


def test_nothing_counted_is_nothing() -> None:
    assert set(Latencies().summary_ms().values()) == {0.0}
    assert Latencies().curve_ms() == []


# Sightings


def at(client: int, due_ns: int, origin: bytes = b"Alford") -> bytes:
    return b"AT %b +0.000000001 load-7-%d +1.0-1.0 %d.%09d" % (origin, client, *divmod(due_ns, SECOND))


def test_each_server_and_the_last_one_to_know() -> None:
    sightings = Sightings(b"load-7-", ["Alford", "Ball"], offset_ns=1_700_000_000 * SECOND)
    first, second = (at(1, 1_700_000_000 * SECOND + due * MS) for due in (10, 20))
    sightings.take("Alford", [first, second, b"AT Alford +0.0 kiwi +1.0-1.0 5"], 25 * MS)
    sightings.take("Ball", [second], 60 * MS)
    servers, everywhere = sightings.servers(), sightings.everywhere()
    assert {name: seen.records for name, seen in servers.items()} == {"Alford": 2, "Ball": 1}
    assert everywhere.records == 1  # the first was overtaken on its way to Ball
    shown = {}
    for name, seen in {**servers, "everywhere": everywhere}.items():
        latencies = Latencies()
        latencies.add_encoded(seen.latency)
        shown[name] = [ms for _, ms in latencies.curve_ms()]
    assert shown["Alford"] == pytest.approx([5, 15], rel=1e-3)
    assert shown["Ball"] == shown["everywhere"] == pytest.approx([40], rel=1e-3)


def test_what_some_never_show_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loading.sightings.MOST_PENDING", 10)
    sightings = Sightings(b"load-7-", ["Alford", "Ball"], 0)
    records = [at(1, 1_700_000_000 * SECOND + number) for number in range(33)]
    for record in records:
        sightings.take("Alford", [record], 1_700_000_001 * SECOND)
    for record in reversed(records):
        sightings.take("Ball", [record], 1_700_000_001 * SECOND)
    assert sightings.everywhere().records == 11


# Over time


def sample(at_s: float, answered: int) -> Sample:
    return Sample(at_s=at_s, answered=answered, failed=1, p99_ms=at_s)


def test_rates_of_processes_add_up_though_they_look_at_different_moments() -> None:
    timeline = Timeline(2)
    for at_s, answered in [(1.0, 100), (2.0, 200), (3.0, 200)]:
        timeline.add(0, sample(at_s, answered))
    assert timeline.rates() == []
    for at_s, answered in [(1.5, 30), (2.5, 50)]:
        timeline.add(1, sample(at_s, answered))
    assert timeline.rates() == [(1.0, 120.0), (2.0, 120.0)]
    assert timeline.now == (3.0, 250, 2, 3.0)


# The plot


FOUND: dict[str, Any] = {
    "load": "2 servers <of mine>",
    "machine": "CPython",
    "plan": {"rate": 1000.0},
    "per_s": 990.0,
    "latency_ms": {"p50": 1.5, "max": 20.0},
    "latency_from": "when due",
    "errors": 0,
    "rate_over_time": [[1.0, 980.0], [2.0, 1000.0]],
    "self_test": False,
}


def with_latencies(found: dict[str, Any]) -> dict[str, Any]:
    latencies = Latencies()
    source = random.Random(3)
    latencies.add_all([source.randrange(20_000) for _ in range(1000)])
    text = latencies.encoded()
    servers = {name: {"hdr": text} for name in ("Alford", "Ball")}
    convergence = {"from": "when due", "servers": servers, "everywhere": {"hdr": text}}
    return {**found, "latency_hdr": text, "convergence": convergence}


def test_a_plot_is_an_svg_with_titles_units_and_a_line_for_each() -> None:
    root = ET.fromstring(svg(with_latencies(FOUND)))
    space = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{space}text")]
    for text in (
        "2 servers <of mine>",
        "Latency of answers, from when due",
        "Rate over time",
        "Convergence: from due time to a server knowing, a hop to the observer included",
        "milliseconds",
        "answers a second",
        "99.9 %",
        "Ball",
        "everywhere",
    ):
        assert text in texts
    lines = [element.get("points", "") for element in root.iter(f"{space}polyline")]
    assert len(lines) == 1 + 2 + 3
    xs, ys = zip(*[map(float, pair.split(",")) for line in lines for pair in line.split()], strict=True)
    assert (min(xs), max(xs)) == (84.0, 896.0)
    assert all(0 < y < float(root.get("height", "0")) for y in ys)


def test_a_plot_of_nothing_can_be_drawn() -> None:
    empty = Latencies().encoded()
    found = {**FOUND, "latency_hdr": empty, "convergence": None, "rate_over_time": []}
    assert len(list(ET.fromstring(svg(found)).iter("{http://www.w3.org/2000/svg}polyline"))) == 3


@pytest.mark.parametrize(
    ("most", "end", "texts"),
    [
        (0.0, 1.0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (9.6, 10.0, ["0", "2", "4", "6", "8", "10"]),
        (12_000.0, 12_500.0, ["0", "2,500", "5,000", "7,500", "10,000", "12,500"]),
        (0.03, 0.03, ["0", "0.01", "0.02", "0.03"]),
    ],
)
def test_ticks_are_round(most: float, end: float, texts: list[str]) -> None:
    got, ticks = round_ticks(most)
    assert got == pytest.approx(end)
    assert [tick.text for tick in ticks] == texts
    assert (ticks[0].at, ticks[-1].at) == (0.0, 1.0)
