"""Whether servers that lost the same neighbor dial it in step: a thundering herd, seen as a peak.

Each waits by a back-off of its own, shortened at random by up to a half. So once the back-offs have grown to
seconds, the dials of all are spread over seconds too; in step they would all come within a few milliseconds.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation
    from herd.sim.herds.build import SimulatedHerd

DIALS: Final = "no thundering herd"
_WINDOW_NS: Final = 200_000_000
_APART_NS: Final = 12_000_000_000
"""How long a server must have heard nothing for its dial to count. At first all dial at once, for a neighbor
that was restarted is back in a moment; and those whom silence tells of a death learn of it together."""
_SHARE: Final = 0.4
"""Of the neighbors, in one window. Half of a wait of 6.4 s is 16 windows long: with 40 neighbors a quarter in
one window is already a rare peak."""


def no_thundering_herd(simulation: Simulation) -> list[str]:
    """Find moments at which too many servers dialed one host."""
    herd: SimulatedHerd = simulation.scene
    found = []
    for target, dials in herd.watch.dials.items():
        windows = Counter(at_ns // _WINDOW_NS for at_ns, lonely_ns in dials if lonely_ns >= _APART_NS)
        most = max(2, round(_SHARE * len(herd.plan.topology[target])))
        for window, count in sorted(windows.items()):
            if count > most:
                at_s = window * _WINDOW_NS / 1e9
                found.append(f"{count} neighbors dialed {target} within 0.2 s at {at_s:.1f} s; {most} may")
    return found
