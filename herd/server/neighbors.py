"""All neighbors of one server: built from the configuration, written to together.

Writing is paced by the reactor: whatever a turn brings, each neighbor gets one write at the turn's end, and
only while its transport wants more. So batches come from load, and an idle herd forwards at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.core.promises import Promises
from herd.server.connections import Connections
from herd.server.links import LinkConnection, LinkContext, LinkFactory
from herd.server.neighbor import Neighbor, NeighborStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twisted.internet.interfaces import IStreamClientEndpoint

    from herd.core.replica import Replica


class Neighbors:
    """All neighbors of one server, and the link connections that are open."""

    def __init__(
        self,
        replica: Replica,
        context: LinkContext,
        endpoints: Mapping[str, IStreamClientEndpoint],
        promises: Promises | None = None,
    ) -> None:
        self.replica = replica
        self.promises = Promises() if promises is None else promises
        self.connections: Connections[LinkConnection] = Connections()
        self.strangers: Connections[LinkConnection] = Connections()
        """Connections that were accepted and whose handshake is not done."""
        self.is_stopping = False
        self._is_started = False
        self.context = context
        self._is_flush_due = False
        self._neighbors = {
            name: Neighbor(name, endpoint, context, self) for name, endpoint in endpoints.items()
        }
        replica.on_owed = self.promises.on_wait = self.schedule_flush

    def __getitem__(self, name: str) -> Neighbor:
        return self._neighbors[name]

    @property
    def names(self) -> list[str]:
        """Names of all neighbors, in the order of the configuration."""
        return list(self._neighbors)

    def admit(self, link: LinkConnection) -> int:
        """Count a connection among the strangers, at the cost of the oldest if there are too many."""
        number = self.strangers.add(link)
        if len(self.strangers) > self.context.limits.handshakes:
            self.strangers.oldest().refuse("too many have not shown who they are")
        return number

    def acceptor(self) -> LinkFactory:
        """Return the factory of the link port."""
        return LinkFactory(self.context, self)

    def start(self) -> None:
        """Dial all neighbors."""
        self._is_started = True
        for neighbor in self._neighbors.values():
            neighbor.start()

    def replace(self, endpoints: Mapping[str, IStreamClientEndpoint]) -> None:
        """Take on the neighbors that are new, and leave those that are gone; the rest stay as they are."""
        for name in [name for name in self._neighbors if name not in endpoints]:
            self._neighbors.pop(name).leave()
            self.replica.flood.remove(name)
        for name, endpoint in endpoints.items():
            if name not in self._neighbors:
                self.replica.flood.add(name)
                self._neighbors[name] = Neighbor(name, endpoint, self.context, self)
                if self._is_started:
                    self._neighbors[name].start()

    def reconcile(self, names: list[str]) -> list[str]:
        """Compare caches with these neighbors now; return those that there is a link to."""
        return [name for name in names if self._neighbors[name].reconcile()]

    def status(self) -> list[NeighborStatus]:
        """Return the status of each neighbor."""
        return [neighbor.status() for neighbor in self._neighbors.values()]

    def schedule_flush(self) -> None:
        """See that every neighbor is written to at the end of this reactor turn."""
        if not self._is_flush_due:
            self._is_flush_due = True
            self.context.world.at_turn_end(self._flush)

    def _flush(self) -> None:
        self._is_flush_due = False
        has_more = [neighbor.flush() for neighbor in self._neighbors.values()]
        if any(has_more):
            self.schedule_flush()
        if self.is_stopping:
            self._stop_drained()

    def stop(self) -> None:
        """Stop dialing; close each link when its neighbor has acknowledged all that it is owed."""
        self.is_stopping = True
        for neighbor in self._neighbors.values():
            neighbor.ping()
        for connection in self.connections.all():
            if not connection.has_shaken_hands:
                connection.abort()

    def _stop_drained(self) -> None:
        for neighbor in self._neighbors.values():
            if neighbor.is_drained():
                neighbor.stop()
