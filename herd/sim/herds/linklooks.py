"""Whether links are dialed in time, and given up in time: looked at twice a second, from inside.

A link that was well and broke is dialed at once; one that cannot be made is dialed at least as often as the
longest wait between two dials says. A link that has brought nothing for too long is closed. What a server
does just now may take a look longer, so nothing is said of what a single look has seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.core.limits import Limits
    from herd.server.neighbor import NeighborStatus
    from herd.server.node import Node
    from herd.sim.herds.build import SimulatedHerd

LOOK_EVERY_S: Final = 0.5
_NS_PER_S: Final = 10**9
_WELL_LOOKS: Final = 12
"""So many looks in a row find a link well whose back-off has begun anew: it does after two heartbeats."""
_WELL_S: Final = 2.5
"""How long a link that is well may bring nothing: a heartbeat and some."""
_AIR_S: Final = 1.0


@define
class _Link:
    """What one end of a link was like at the last looks."""

    well: int = 0
    """Looks in a row that found it up, and something had come a moment ago."""
    down: int = 0
    """Looks in a row that found it down, and it was not dialed between them."""
    silent: int = 0
    """Looks in a row that found it up though nothing had come for too long."""
    was_well: bool = False
    """Whether it has not been dialed since it was well for long."""


@define
class LinkLooks:
    """What was seen of all links; the sentences say what must not be, each once."""

    late: dict[str, str] = field(factory=dict)
    half_open: dict[str, str] = field(factory=dict)
    _links: dict[tuple[str, str], _Link] = field(factory=dict)
    _nodes: WeakValueDictionary[str, Any] = field(factory=WeakValueDictionary)
    """What ran at the last look: a server that was started anew has its links anew. Nothing is kept alive by
    that, as what a dead process had open is closed with it."""

    def look(self, server: str, node: Node | None, silent_ns: Callable[[str, str], int]) -> None:
        """Look at a server; None: it is down, or stands still.

        `silent_ns` tells for how long a server has read nothing from a neighbor.
        """
        if self._nodes.get(server) is not node:
            self._nodes.pop(server, None)
            self._links = {pair: link for pair, link in self._links.items() if pair[0] != server}
        if node is None or node.neighbors.is_stopping:
            return
        self._nodes[server] = node
        for each in node.neighbors.status():
            link = self._links.setdefault((server, each.name), _Link())
            self._count(link, each, silent_ns(server, each.name) / _NS_PER_S, node.clients.limits)
            self._judge(link, f"{server} and its link to {each.name}", node.clients.limits)

    def dialed(self, server: str, neighbor: str) -> None:
        """Note that a server dials a neighbor."""
        link = self._links.get((server, neighbor))
        if link is not None:
            link.down, link.was_well = 0, False

    @staticmethod
    def _count(link: _Link, status: NeighborStatus, silent_s: float, limits: Limits) -> None:
        is_up = status.state == "up"
        link.well = link.well + 1 if is_up and silent_s <= _WELL_S else 0
        link.was_well = link.well >= _WELL_LOOKS or (link.was_well and not link.well)
        link.down = link.down + 1 if status.state == "down" else 0
        link.silent = link.silent + 1 if is_up and silent_s > limits.link_silence_s + _AIR_S else 0

    def _judge(self, link: _Link, who: str, limits: Limits) -> None:
        down_s = (link.down - 1) * LOOK_EVERY_S
        if link.was_well and down_s > 0:
            self.late[who] = f"{who}: not dialed for {down_s:.1f} s, though all had been well"
        elif down_s > limits.reconnect_max_s + _AIR_S:
            self.late[who] = f"{who}: not dialed for {down_s:.1f} s"
        if link.silent > 1:
            silent_s = limits.link_silence_s + _AIR_S + (link.silent - 1) * LOOK_EVERY_S
            self.half_open[who] = f"{who}: kept, though it was silent for {silent_s:.1f} s"


def look_at_links(herd: SimulatedHerd) -> None:
    """Have links looked at: a guest of scenarios whose checks want to know."""
    herd.watch.links = LinkLooks()
