"""Links over time, to the nanosecond: silence, dials that are refused, dials that nobody answers."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from herd.core.limits import Limits
from herd.sim.engine.faults import LinkDown
from herd.sim.engine.plaintimer import TURN_NS
from herd.sim.herds.build import LINKS_PORT
from tests.server.hosted import LATENCY_NS, NS

if TYPE_CHECKING:
    from herd.sim.engine.pipes import Pipe
    from tests.server.conftest import BuildHerd
    from tests.server.hosted import HostedHerd

LIMITS = Limits()
SILENCE_NS = round(LIMITS.link_silence_s * NS)


def dials_to(herd: HostedHerd, server: str) -> list[tuple[int, str]]:
    """Have all dials to a server's port for links noted from now on: when, and who."""
    found: list[tuple[int, str]] = []

    def dialed(source: str, target: str, port: int) -> None:
        if (target, port) == (server, LINKS_PORT):
            found.append((herd.simulation.now_ns, source))

    herd.simulation.on_dial = dialed
    return found


def last_heard(herd: HostedHerd, server: str, neighbor: str) -> list[int]:
    """Have the moments noted at which a server reads from a neighbor."""
    found: list[int] = []

    def read(pipe: Pipe, _: bytes) -> None:
        if (pipe.source.host.name, pipe.target.host.name) == (neighbor, server):
            found.append(herd.simulation.now_ns)

    herd.simulation.on_read = read
    return found


def test_a_link_is_dropped_when_it_has_been_silent_for_as_long_as_is_allowed(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford-Ball")
    heard_ns = last_heard(herd, "Alford", "Ball")
    herd.run(20.3)
    LinkDown("Alford", "Ball").begin(herd.simulation)
    dropped_ns = herd.until(lambda: herd.link("Alford", "Ball")["state"] != "up")
    silent_ns = dropped_ns - heard_ns[-1]
    # A timer fires a turn after it is due, and the reactor tells of an aborted connection in the next turn.
    assert SILENCE_NS <= silent_ns <= SILENCE_NS + 3 * TURN_NS
    herd.run(0.01)
    assert " link to Ball is down: silent for 8.0 s\n" in herd.log("Alford")


def test_a_link_that_is_heard_of_just_in_time_stays(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford-Ball")
    heard_ns = last_heard(herd, "Alford", "Ball")
    herd.run(20.3)
    cut = LinkDown("Alford", "Ball")
    cut.begin(herd.simulation)
    # What is lost at 22 s the kernel sends again after 0.2 s, 0.6 s, 1.4 s and 3 s, which gets through.
    herd.run(4.6)
    cut.end(herd.simulation)
    herd.run(20)
    assert herd.link("Alford", "Ball")["state"] == herd.link("Ball", "Alford")["state"] == "up"
    assert herd.log("Alford").count("link to Ball is up") == 1
    assert 4 * NS < max(later - earlier for earlier, later in pairwise(heard_ns)) < SILENCE_NS


def test_dials_to_a_dead_neighbor_come_after_waits_that_double(hosted_herd: BuildHerd) -> None:
    def moments(seed: int) -> list[int]:
        herd = hosted_herd("Alford-Ball", seed=seed)
        herd.run(10)
        dials = dials_to(herd, "Ball")
        killed_ns = herd.simulation.now_ns
        herd.kill("Ball")
        herd.run(60)
        return [when - killed_ns for when, _ in dials]

    one = moments(1)
    ceiling_ns = round(LIMITS.reconnect_min_s * NS)
    # A dial is refused after one round trip; so is the first loss known, after half of one.
    known_ns = LATENCY_NS
    for when_ns in one:
        wait_ns = when_ns - known_ns
        assert ceiling_ns / 2 <= wait_ns <= ceiling_ns + 10 * TURN_NS
        ceiling_ns = min(2 * ceiling_ns, round(LIMITS.reconnect_max_s * NS))
        known_ns = when_ns + 2 * LATENCY_NS
    assert 10 <= len(one) <= 20
    assert moments(1) == one
    assert moments(2) != one


def test_neighbors_that_lost_the_same_server_at_once_do_not_dial_it_in_step(hosted_herd: BuildHerd) -> None:
    names = [f"S{number:02}" for number in range(20)]
    herd = hosted_herd(" ".join(f"Hub-{name}" for name in names))
    herd.run(10)
    dials = dials_to(herd, "Hub")
    herd.power_off("Hub")
    herd.run(60)
    of = {name: [when for when, who in dials if who == name] for name in names}
    # Silence tells all of them at about the same time, and the first dial comes soon. It stays unanswered for
    # seconds; in step from then on they would all come within a tenth of a second.
    second = sorted(times[1] for times in of.values())
    assert second[-1] - second[0] > 2 * NS
    busiest = max(sum(start <= when < start + NS // 10 for when in second) for start in second)
    assert busiest <= len(names) // 3


def test_a_neighbor_that_returns_is_linked_again_within_the_longest_wait(hosted_herd: BuildHerd) -> None:
    herd = hosted_herd("Alford-Ball")
    herd.kill("Ball")
    herd.run(300)
    returned_ns = herd.simulation.now_ns
    herd.simulation.hosts["Ball"].restart()
    linked_ns = herd.until(lambda: herd.link("Alford", "Ball")["state"] == "up")
    # Ball dials too, after a head start for Alford.
    assert linked_ns - returned_ns < LIMITS.reconnect_min_s * NS + 20 * LATENCY_NS
