"""What becomes of news: when its origin says it came, and whom it is sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine.turns import LONG_TURN_NS
from herd.sim.herds.protocol import received_ns
from herd.sim.herds.violation import Violation, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.engine.simulation import Simulation
    from herd.sim.herds.build import SimulatedHerd
    from herd.sim.herds.circumstances import Circumstances

EXACT: Final = "differences are exact"


def differences_are_exact(simulation: Simulation) -> list[str]:
    """Check that a record was received when it was first seen; for clocks that are right, and `memory`.

    There a server answers in the moment in which a report comes, and in a simulation that is one nanosecond.
    An answer may have to wait for an earlier one; neighbors are told at the end of a turn, which may be long.
    """
    herd: SimulatedHerd = simulation.scene
    found = []
    for line, seen_ns in herd.watch.seen_ns.items():
        off_ns = received_ns(line) - simulation.epoch_ns - seen_ns
        is_answered = herd.watch.answered_ns.get(line) == seen_ns
        at_most_ns = 0 if is_answered else LONG_TURN_NS
        if not -at_most_ns - 1 <= off_ns <= 0:  # a nanosecond is rounded, where a time has more decimals
            found.append(f"{shown(line)} says that it came {off_ns:+} ns from when it did")
    return found


def sent_back(simulation: Simulation, circumstances: Circumstances) -> Iterator[Violation]:
    """Yield news that a server sent to the neighbor that it had it from, though the herd had settled.

    Before, caches may have been compared meanwhile, and that tells nobody who has what from whom.
    """
    herd: SimulatedHerd = simulation.scene
    settled_ns = circumstances.settled_ns
    for source, target, line in herd.watch.sent_back:
        if settled_ns is not None and herd.watch.seen_ns[line] >= settled_ns:
            text = f"{source} sent {shown(line)} to {target}, which it had it from"
            yield Violation("terminates", "sent back", text)
