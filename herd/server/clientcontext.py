"""What all client connections of a server share, and which of them are admitted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from herd.core.limits import Limits
from herd.core.promises import Promises
from herd.core.replica import Replica
from herd.places.finder import Finder
from herd.server.connections import Connections
from herd.server.eventlog import EventLog
from herd.server.world import World

if TYPE_CHECKING:
    from herd.server.clients import ClientConnection  # noqa: TC004 - it imports this; attrs does not resolve it


@define(eq=False)
class ClientContext:
    """What all client connections of a server share; `limits` may be replaced."""

    replica: Replica
    finder: Finder
    limits: Limits
    log: EventLog
    world: World
    connections: Connections[ClientConnection]
    promises: Promises | None = None
    """Where answers to reports wait; None if they promise no more than this server's memory."""
    addresses: Counter[str] = field(factory=Counter)
    """How many connections each address has; those that were refused do not count."""
    admitted: int = 0
    """How many connections were not refused."""

    def admit(self, host: str) -> str | None:
        """Count one connection more, or return why it is one too many."""
        if self.admitted >= self.limits.connections:
            return "too many connections"
        if self.addresses[host] >= self.limits.connections_per_address:
            return "too many connections from this address"
        self.admitted += 1
        self.addresses[host] += 1
        return None

    def forget(self, host: str) -> None:
        """Count one connection less."""
        self.admitted -= 1
        self.addresses[host] -= 1
        if self.addresses[host] <= 0:
            del self.addresses[host]
