"""The invariants that are seen from inside: the same records, no message too many, nothing too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from herd.core.limits import Limits
from herd.sim.herds.circumstances import Outage
from herd.sim.herds.clients import Say
from herd.sim.herds.figures import Watch
from herd.sim.herds.invariants import converges, judge, strangers_stay, strangers_told, swept, terminates
from herd.sim.herds.peaks import Peaks
from herd.sim.herds.violation import INVARIANTS
from tests.sim.herds.hosted import Hosted
from tests.sim.herds.stories import EPOCH_S, HERD, S, Story, record

if TYPE_CHECKING:
    from herd.sim.herds.checker import Holdings

EPOCH_NS = EPOCH_S * S
LINE = record("10", 1.5)
CALM = evolve(HERD, calm_ns=100 * S, settle_ns=30 * S)


@pytest.mark.parametrize(
    ("held", "texts"),
    [
        ({"Alford": {}, "Ball": {}, "Welsh": {}}, []),
        ({name: {b"kiwi": LINE} for name in HERD.neighbors}, []),
        ({"Alford": {b"kiwi": LINE}, "Welsh": {}}, ["Alford holds `{}` and Welsh nothing"]),
        ({"Alford": {}, "Ball": {b"kiwi": LINE}}, ["Alford holds nothing and Ball `{}`"]),
    ],
)
def test_servers_hold_the_same_once_the_herd_has_settled(held: Holdings, texts: list[str]) -> None:
    why = " at 130.000000 s, though all was well since 100.000000 s"
    found = converges(held, CALM, 130 * S)
    assert [each.text for each in found] == [text.format(LINE.decode()) + why for text in texts]
    assert {each.invariant for each in found} <= {"converges"}
    assert converges(held, CALM, 130 * S - 1) == []
    assert converges(held, HERD, 130 * S) == []


def test_servers_that_cannot_reach_each_other_need_not_agree() -> None:
    held: Holdings = {"Alford": {b"kiwi": LINE}, "Welsh": {}}
    assert converges(held, evolve(CALM, outages=[Outage("Ball", 5, None)]), 200 * S) == []
    assert len(converges(held, evolve(CALM, outages=[Outage("Ball", 5, 6)]), 200 * S)) == 1


def test_what_may_be_expired_may_be_gone() -> None:
    held: Holdings = {"Alford": {b"kiwi": LINE}, "Ball": {}}
    assert converges(held, evolve(CALM, limits=Limits(record_lifetime_s=198)), 200 * S) == []
    assert len(converges(held, evolve(CALM, limits=Limits(record_lifetime_s=199)), 200 * S)) == 1


@pytest.mark.parametrize(("now_s", "found"), [(59.4, 0), (59.5, 1)])
def test_what_may_be_of_the_future_still_may_be_lacked(now_s: float, found: int) -> None:
    held: Holdings = {"Alford": {b"kiwi": LINE}, "Ball": {}}
    limits = Limits(clock_skew_s=20, reconnect_max_s=10, link_silence_s=8)
    herd = evolve(CALM, limits=limits, calm_ns=S, settle_ns=S)
    # Received at 1.5 s by a right clock. Ball's is 60 s slow, may take it at 41.5 s, and has it 18 s later.
    slow = evolve(herd, clocks_off_ns={"Ball": (-60 * S, 0)})
    assert len(converges(held, slow, round(now_s * S))) == found
    assert len(converges(held, herd, round(now_s * S))) == 1


def test_what_younger_records_may_have_driven_out_may_be_lacked() -> None:
    held: Holdings = {"Alford": {b"kiwi": LINE}, "Ball": {}}
    received_ns = EPOCH_NS + round(1.5 * S)
    assert converges(held, CALM, 200 * S, lambda each: each <= received_ns) == []
    assert len(converges(held, CALM, 200 * S, lambda each: each < received_ns)) == 1


def test_an_update_at_rest_goes_over_each_direction_of_a_link_once() -> None:
    calm, early = record("10", 130.5), record("10", 129.5)
    copies = {("Alford", "Ball", calm): 1, ("Ball", "Alford", calm): 2, ("Alford", "Ball", early): 5}
    (violation,) = terminates(copies, CALM)
    assert violation.text == f"Ball sent `{calm.decode()}` to Alford 2 times; 1 would do"
    assert [each.text for each in terminates(copies, CALM, {("Alford", "Ball"): 2})][1:] == [
        f"Alford sent `{early.decode()}` to Ball 5 times; 4 would do"
    ]
    assert len(terminates(copies, CALM, {("Alford", "Ball"): 3})) == 1


def test_what_is_refused_is_sent_again_and_again() -> None:
    copies = {("Alford", "Ball", record("10", 129.5)): 5}
    apart = evolve(CALM, limits=Limits(clock_skew_s=20), clocks_off_ns={"Ball": (-21 * S, 0)})
    assert terminates(copies, apart, {("Alford", "Ball"): 2}) == []
    near = evolve(apart, clocks_off_ns={"Ball": (-20 * S, 0)})
    assert len(terminates(copies, near, {("Alford", "Ball"): 2})) == 1


def test_a_run_is_judged_by_every_invariant() -> None:
    story = Story()
    alford = story.session()
    story.report(alford, "10", 1, 2, LINE)
    story.now_s = 200
    story.history.finish()
    good: Holdings = {name: {b"kiwi": LINE} for name in HERD.neighbors}
    assert judge(story.history, CALM, held=good, copies={}, peaks=Peaks()) == {
        name: [] for name in INVARIANTS
    }
    judged = judge(story.history, CALM, held={**good, "Ball": {}})
    assert {name: len(violations) for name, violations in judged.items() if violations} == {
        "converges": 1,
        "promises kept": 1,
    }


def test_a_herd_at_work_is_within_its_limits_and_converges() -> None:
    hosted = Hosted()
    watch, peaks = Watch(hosted.herd), Peaks()

    def look() -> None:
        for name in hosted.herd.hosts:
            node = hosted.herd.node(name)
            assert node is not None
            peaks.look(name, node, reported=1)

    for tenths in range(10, 50):
        hosted.simulation.at(tenths / 10, look)
    hosted.client(plan=[Say(2.0, b"IAMAT kiwi +1-1 10\n"), Say(3.0, b"IAMAT kiwi +1-1 12\n")])
    hosted.run(5)
    assert (watch.updates, watch.link_messages["AT"], len(watch.arrivals_ns)) == (2, 2, 2)
    assert all(0 < took_ns < S for took_ns in watch.arrivals_ns)
    assert (peaks.records, peaks.clients, peaks.violations()) == (1, 1, [])
    hosted.close()


def test_what_is_too_large_is_told_once() -> None:
    hosted = Hosted()
    hosted.client(plan=[Say(1.0, b"IAMAT kiwi +1-1 10\nIAMAT moa +1-1 10\n")])
    hosted.run(3)
    peaks = Peaks()
    for _ in range(2):
        node = hosted.herd.node("Alford")
        assert node is not None
        peaks.look("Alford", node, reported=1)
    (violation,) = peaks.violations()
    assert str(violation) == "bounded: too many: Alford had 2 records, and 1 are the most"
    hosted.close()


def peaks_of(hosted: Hosted, server: str = "Alford") -> list[str]:
    peaks = Peaks()
    node = hosted.herd.node(server)
    assert node is not None
    peaks.look(server, node, reported=9)
    peaks.look_at_clients(server, node.clients, clock_s=hosted.simulation.now_ns / S)
    return [each.text for each in peaks.violations()]


def test_what_is_held_of_each_client_is_within_its_limits() -> None:
    hosted = Hosted()
    for _ in range(2):
        hosted.client(plan=[Say(1.0, b"IAMAT kiwi +1-1")])
    hosted.run(12)
    assert peaks_of(hosted) == []
    node = hosted.herd.node("Alford")
    assert node is not None
    node.clients.limits = evolve(Limits(), idle_s=5.0, connections_per_address=1)
    node.clients.connections.all()[0]._parser._rest = b"x" * 4097
    assert peaks_of(hosted) == [
        "Alford had 4097 bytes of one line, and 4096 are the most",
        "Alford had 7 seconds of an idle client, and 5 are the most",
    ]
    node.clients.admitted = node.clients.addresses["10.0.0.9"] = 3
    assert "Alford had 3 counted clients, and 2 are the most" in peaks_of(hosted)
    assert "Alford had 3 clients at one address, and 1 are the most" in peaks_of(hosted)
    hosted.close()


def test_records_are_swept_when_their_time_is_over() -> None:
    held: Holdings = {"Alford": {b"kiwi": LINE}, "Ball": {}}
    limits = Limits(record_lifetime_s=20)
    assert swept(held, evolve(HERD, limits=limits), round(24.4 * S)) == []
    (violation,) = swept(held, evolve(HERD, limits=limits), round(24.6 * S))
    assert violation.text == f"Alford still has `{LINE.decode()}` at 24.600000 s; its time is over"
    late = {"Alford": (-S, S)}
    assert swept(held, evolve(HERD, limits=limits, clocks_off_ns=late), round(24.6 * S)) == []


HELLO = b"HERD 1 testers %b %b one two\nPROOF\n"


@pytest.mark.parametrize(
    ("said", "told", "is_wrong"),
    [
        (b"garbage", b"", False),
        (HELLO % (b"Ball", b"Alford"), b"HERD 1 testers Alford Ball x y\n", False),
        (HELLO % (b"Ball", b"Alford"), b"HERD 1 testers Alford Ball x y\nPROOF 1\n", True),
        (HELLO % (b"Welsh", b"Alford"), b"HERD 1 testers Alford Welsh x y\n", True),
        (HELLO % (b"Ball", b"Ball"), b"HERD 1 testers Alford Ball x y\n", True),
        (HELLO.replace(b"testers", b"others") % (b"Ball", b"Alford"), b"HERD 1 x\n", True),
        (b"garbage\n", b"HERD 1 testers Alford Ball x y\n", True),
        (b"", b"\x15\x03\x03", False),
    ],
)
def test_a_stranger_is_told_who_a_server_is_only_if_it_names_a_neighbor(
    said: bytes, told: bytes, is_wrong: bool
) -> None:
    story = Story()
    story.now_s = 5
    number = story.history.meet("evil", "Alford", b"")
    story.history.part(number, said, told)
    herd = evolve(HERD, herd="testers")
    assert len(strangers_told(story.history, herd)) == is_wrong
    assert strangers_told(story.history, evolve(herd, outages=[Outage("Alford", 4 * S, 6 * S)])) == []


def test_a_stranger_is_sent_away_when_the_time_for_a_handshake_is_over() -> None:
    story = Story()
    for server, end_s in (("Alford", 7.0), ("Ball", 7.1), ("Welsh", 9.0)):
        story.now_s = 0
        number = story.history.meet("evil", server, b"")
        story.now_s = end_s
        story.history.part(number, b"", b"")
    (violation,) = strangers_stay(story.history, evolve(HERD, outages=[Outage("Welsh", 0, S)]), 10 * S)
    assert str(violation) == "bounded: a stranger stays: evil was at Ball from 0.000000 s on"
