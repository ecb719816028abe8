"""Whether a herd has settled, and all that clients wait for has come: then nothing is left to wait for.

A scenario gives a herd half a minute to settle after the last fault, and few need it. Looked at from inside,
it has when every server runs, all hold the same records, and on every link both ends know that the other has
all and have heard from it just now; and when no client waits for an answer. What can be judged after the half
minute can be judged then. A herd of which one of that cannot be said is given its half minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine.clock import NS_PER_S
from herd.sim.herds.invariants import records_of

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation
    from herd.sim.herds.build import SimulatedHerd

QUIET_NS: Final = 3 * NS_PER_S
"""How long it must have been so: longer than the pause between two heartbeats, with which a link would send
what it should not."""

_HEARD_NS: Final = round(2.5 * NS_PER_S)
"""A link that has brought nothing for longer than a heartbeat may be broken, though neither end knows."""


def has_settled(simulation: Simulation) -> bool:
    """Tell whether the herd has settled, and note when that was seen."""
    herd: SimulatedHerd = simulation.scene
    if not has_come_to_rest(simulation):
        return False
    herd.settled_ns = simulation.now_ns
    return True


def has_come_to_rest(simulation: Simulation) -> bool:
    """Tell whether the herd has been at rest for some seconds, at each look within them."""
    herd: SimulatedHerd = simulation.scene
    if not _is_at_rest(herd):
        herd.at_rest_ns = None
        return False
    if herd.at_rest_ns is None:
        herd.at_rest_ns = simulation.now_ns
    return simulation.now_ns - herd.at_rest_ns >= QUIET_NS


def _is_at_rest(herd: SimulatedHerd) -> bool:
    return (
        not any(each.is_waiting for each in herd.walkers.values()) and _is_in_sync(herd) and _is_equal(herd)
    )


def _is_in_sync(herd: SimulatedHerd) -> bool:
    """Tell whether each end of each link knows that the other has all, and has heard from it just now."""
    now_ns = herd.simulation.now_ns
    for name, neighbors in herd.plan.topology.items():
        node = herd.node(name)
        if node is None or not all(each.in_sync for each in node.neighbors.status()):
            return False
        if any(now_ns - herd.watch.heard_ns(name, each) > _HEARD_NS for each in neighbors):
            return False
    return True


def _is_equal(herd: SimulatedHerd) -> bool:
    """Tell whether all servers hold the same records."""
    first: dict[bytes, bytes] | None = None
    for name in herd.hosts:
        replica = herd.replica(name)
        held = {} if replica is None else records_of(replica)
        if first is None:
            first = held
        elif held != first:
            return False
    return True
