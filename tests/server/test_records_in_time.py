"""Records and answers over time: expiry on every server, clocks that are set, a disk that is slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from herd.core.record import received_ns
from herd.sim.engine.faults import ClockStep, SlowDisk
from tests.server.hosted import LATENCY_NS, NS

if TYPE_CHECKING:
    from herd.sim.engine.pipes import Pipe
    from tests.server.conftest import BuildHerd
    from tests.server.hosted import HostedHerd

FIVE = "Alford-Hamilton Alford-Welsh Ball-Holiday Ball-Welsh Hamilton-Holiday"
IAMAT = b"IAMAT kiwi +34.068930-118.445127 1767225600.392014450\n"
WHATSAT = b"WHATSAT kiwi 0 0\n"
UNKNOWN = b"? " + WHATSAT
ROUND_TRIP_S = 2 * LATENCY_NS / NS


def test_a_record_expires_at_the_same_nanosecond_on_every_server(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd(FIVE, record_lifetime_s=30.0)
    read_ns: dict[str, int] = {}

    def read(pipe: Pipe, data: bytes) -> None:
        if data == WHATSAT:
            read_ns[pipe.source.host.name] = herd.simulation.now_ns

    record = herd.connect("Alford").ask(IAMAT)
    herd.run(1)
    expires_ns = received_ns(record[:-1]) + 30 * NS - herd.simulation.epoch_ns
    # A question is read so long after it was said: the way, and the reader's turn.
    trial = herd.connect("Alford")
    herd.simulation.on_read = read
    said_ns = herd.simulation.now_ns
    trial.ask(WHATSAT, lines=5)
    ((_, heard_ns),) = read_ns.items()
    way_ns = heard_ns - said_ns
    clients = [
        (server, before, herd.connect(server)) for server in herd.herd.hosts for before in (True, False)
    ]
    for _, before, client in clients:
        client.send_at(expires_ns - way_ns - before, WHATSAT)
    read_ns.clear()
    herd.run(35)
    assert sorted(read_ns.values()) == [expires_ns - 1] * 5 + [expires_ns] * 5
    for server, before, client in clients:
        answer = client.take()
        assert answer.startswith(record) if before else answer == UNKNOWN, server
    assert [len(replica.cache) for server in herd.herd.hosts if (replica := herd.herd.replica(server))] == [
        0
    ] * 5


@pytest.mark.parametrize("by_s", [-86_400.0, -10.0, 10.0, 86_400.0])
def test_a_clock_that_is_set_freezes_no_client_and_drops_no_link(hosted_herd: BuildHerd, by_s: float) -> None:
    herd = hosted_herd("Alford-Ball", idle_s=60.0)
    busy, silent = herd.connect("Alford"), herd.connect("Alford")
    herd.run(10)
    ClockStep("Alford", by_s).begin(herd.simulation)
    for second in range(50):
        asked_ns = herd.simulation.now_ns
        assert busy.ask(b"x\n") == b"? x\n"
        assert herd.simulation.now_ns - asked_ns < 2 * LATENCY_NS + 20_000
        report = IAMAT.replace(b"600.3", b"%d.3" % (600 + second))
        assert busy.ask(report).startswith(b"AT Alford ")
        herd.run(1 - 2 * ROUND_TRIP_S)
    assert not silent.protocol.is_ended
    assert (herd.link("Alford", "Ball")["state"], herd.link("Ball", "Alford")["state"]) == ("up", "up")
    assert herd.link("Alford", "Ball")["for_s"] > 55
    assert herd.link("Alford", "Ball")["in_sync"]
    herd.run(5)
    assert silent.take() == b"? idle for 60 s\n"


def test_a_record_of_the_future_comes_when_its_time_has_come(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford-Ball")
    herd.link_up()
    alford, ball = herd.connect("Alford"), herd.connect("Ball")
    ahead = ClockStep("Alford", 3_610.0)
    ahead.begin(herd.simulation)
    record = alford.ask(IAMAT)
    ahead.end(herd.simulation)
    # It was received ten seconds too far ahead, and is asked for every ten seconds.
    herd.run(9)
    assert ball.ask(WHATSAT) == UNKNOWN
    herd.run(15)
    assert ball.ask(WHATSAT, lines=5).startswith(record)
    assert herd.link("Alford", "Ball")["in_sync"]


def test_an_answer_waits_for_a_slow_disk_and_nobody_else_does(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford", durability="disk")
    slow, other = herd.connect("Alford"), herd.connect("Alford")
    SlowDisk("Alford", 700).begin(herd.simulation)
    said_ns = herd.simulation.now_ns
    slow.send(IAMAT)
    herd.run(0.3)
    assert other.ask(b"x\n") == b"? x\n"
    assert herd.simulation.now_ns - said_ns < 0.302 * NS
    assert other.ask(WHATSAT, lines=5).startswith(b"AT Alford ")
    assert slow.take() == b""
    assert slow.read().startswith(b"AT Alford ")
    assert (herd.simulation.now_ns - said_ns) / NS == pytest.approx(0.7 + ROUND_TRIP_S, abs=1e-4)


def test_reports_that_come_while_the_disk_is_busy_share_the_next_write(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford", durability="disk")
    clients = [herd.connect("Alford") for _ in range(20)]
    SlowDisk("Alford", 500).begin(herd.simulation)
    began_ns = herd.simulation.now_ns
    for number, client in enumerate(clients):
        client.send_at(began_ns + number * NS // 100, IAMAT.replace(b"kiwi", b"bird%d" % number))
    answered_s = []
    for number, client in enumerate(clients):
        assert b" bird%d " % number in client.read()
        answered_s.append((herd.simulation.now_ns - began_ns) / NS)
    assert answered_s == pytest.approx([0.5 + ROUND_TRIP_S] + [1.0 + ROUND_TRIP_S] * 19, abs=1e-3)


def test_a_disk_that_is_too_slow_breaks_promises_in_time(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford", durability="disk", promise_timeout_s=5.0)
    herd.run(0.5)
    client = herd.connect("Alford")
    disk = SlowDisk("Alford", 60_000)
    disk.begin(herd.simulation)
    said_ns = herd.simulation.now_ns
    assert client.ask(IAMAT) == b"? " + IAMAT
    # The tick that looks for what is overdue comes at whole seconds.
    assert 5 <= (herd.simulation.now_ns - said_ns) / NS < 6
    disk.end(herd.simulation)
    herd.run(60)
    assert client.ask(IAMAT).startswith(b"AT Alford ")


@pytest.mark.parametrize(("killed_after_s", "is_kept"), [(0.69, False), (0.71, True)])
def test_what_was_answered_was_on_the_disk(
    hosted_herd: BuildHerd, killed_after_s: float, is_kept: bool
) -> None:
    herd = hosted_herd("Alford", durability="disk")
    client = herd.connect("Alford")
    SlowDisk("Alford", 700).begin(herd.simulation)
    client.send(IAMAT)
    herd.run(killed_after_s)
    answer = client.take()
    assert (answer != b"") is is_kept
    restart(herd, "Alford")
    assert herd.connect("Alford").ask(WHATSAT, lines=5 if is_kept else 1).startswith(answer or UNKNOWN)


def restart(herd: HostedHerd, server: str) -> None:
    herd.kill(server)
    herd.simulation.hosts[server].restart()
    herd.run(1)
