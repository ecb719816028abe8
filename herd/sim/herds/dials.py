"""How servers dial neighbors that are gone: at once, then ever more seldom, never in step, never for good.

Each waits by a back-off of its own, shortened at random by up to a half. So once the back-offs have grown to
seconds, the dials of all are spread over seconds too; in step they would all come within a few milliseconds.
What servers do in time is seen from inside (`linklooks`); who asks has `look_at_links` as a guest.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from herd.sim.engine.simulation import Simulation
    from herd.sim.herds.build import SimulatedHerd
    from herd.sim.herds.linklooks import LinkLooks

DIALS: Final = "no thundering herd"
_WINDOW_NS: Final = 200_000_000
_APART_NS: Final = 12_000_000_000
"""How long a server must have heard nothing for its dial to count. At first all dial at once, for a neighbor
that was restarted is back in a moment; and those whom silence tells of a death learn of it together."""
_SHARE: Final = 0.4
"""Of the neighbors, in one window. Half of a wait of 6.4 s is 16 windows long: with 40 neighbors a quarter in
one window is already a rare peak."""

STORMS: Final = "no storm of dials"
_STORM_NS: Final = 10_000_000_000
_MOST_IN_A_STORM: Final = 20
"""Dials of one server to one neighbor, within ten seconds. Waits from 0.1 s on that double are eight of them.
They begin anew when a link has lasted for two heartbeats: if links just last so long, twice as many."""

IN_TIME: Final = "dialed in time"
GIVEN_UP: Final = "silent links are given up"


def no_thundering_herd(simulation: Simulation) -> list[str]:
    """Find moments at which too many servers dialed one host."""
    herd: SimulatedHerd = simulation.scene
    found = []
    for target, dials in herd.watch.dials.items():
        windows = Counter(each.at_ns // _WINDOW_NS for each in dials if each.lonely_ns >= _APART_NS)
        most = max(2, round(_SHARE * len(herd.plan.topology[target])))
        for window, count in sorted(windows.items()):
            if count > most:
                at_s = window * _WINDOW_NS / 1e9
                found.append(f"{count} neighbors dialed {target} within 0.2 s at {at_s:.1f} s; {most} may")
    return found


def no_storm(simulation: Simulation) -> list[str]:
    """Find servers that dialed a neighbor again and again: waits must grow."""
    herd: SimulatedHerd = simulation.scene
    found = []
    for target, dials in herd.watch.dials.items():
        for source in herd.plan.topology[target]:
            times_ns = [each.at_ns for each in dials if each.source == source]
            starts_ns = [up_ns for _, up_ns in herd.hosts[source].outages if up_ns is not None]
            count, at_ns = most_within(_STORM_NS, times_ns, starts_ns)
            if count > _MOST_IN_A_STORM:
                text = f"{source} dialed {target} {count} times in the 10 s before {at_ns / 1e9:.1f} s"
                found.append(f"{text}; {_MOST_IN_A_STORM} may be")
    return found


def most_within(span_ns: int, times_ns: Sequence[int], starts_ns: Sequence[int]) -> tuple[int, int]:
    """Return the most of the times that lie in one span, no start between them, and when that is over.

    At a start a server knows nothing of the waits before it. All are in order.
    """
    most, until_ns = 0, 0
    recent: deque[int] = deque()
    starts = deque(starts_ns)
    for at_ns in times_ns:
        while starts and starts[0] <= at_ns:
            starts.popleft()
            recent.clear()
        recent.append(at_ns)
        while recent[0] <= at_ns - span_ns:
            recent.popleft()
        if len(recent) > most:
            most, until_ns = len(recent), at_ns
    return most, until_ns


def dialed_in_time(simulation: Simulation) -> list[str]:
    """Find links that had been well, and were not dialed again in a moment; and any not dialed for long."""
    return list(_looks(simulation).late.values())


def given_up(simulation: Simulation) -> list[str]:
    """Find links that were kept though nothing had come over them for too long."""
    return list(_looks(simulation).half_open.values())


def _looks(simulation: Simulation) -> LinkLooks:
    looks: LinkLooks | None = simulation.scene.watch.links
    assert looks is not None, "nobody looked: the scenario needs `look_at_links` as a guest"
    return looks
