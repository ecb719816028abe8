"""The most that was seen of what must stay bounded: looked at now and then, from inside.

What a server counts is compared with its limits, and what it holds of each client's connection too: a limit
that is only counted and not kept, or kept and miscounted, shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, field

from herd.server.clients import Input
from herd.sim.herds.violation import Violation

if TYPE_CHECKING:
    from herd.core.limits import Limits
    from herd.server.clientcontext import ClientContext
    from herd.server.clients import ClientConnection
    from herd.server.node import Node

_IDLE_S: Final = 3.0
"""How much longer than it may a client may be idle: servers look once a second."""


@define
class Peaks:
    """The most that was seen in a run; a server that stands still is not to be looked at."""

    outbox: int = 0
    records: int = 0
    strangers: int = 0
    clients: int = 0
    _overfull: dict[str, Violation] = field(factory=dict)

    def look(self, server: str, node: Node, reported: int) -> None:
        """Look at a server; `reported` is how many clients have reported so far, in the whole herd."""
        replica, neighbors, limits = node.clients.replica, node.neighbors, node.clients.limits
        for name, outbox in replica.flood.outboxes.items():
            size = len(outbox)
            if size:
                self.outbox = max(self.outbox, size)
                self._compare(server, f"records owed to {name}", size, reported)
        self.records = max(self.records, len(replica.cache))
        self._compare(server, "records", len(replica.cache), min(limits.clients_held, reported))
        self.strangers = max(self.strangers, len(neighbors.strangers))
        self._compare(server, "links without a handshake", len(neighbors.strangers), limits.handshakes)
        clients = node.clients
        self.clients = max(self.clients, clients.admitted)
        self._compare(server, "clients", clients.admitted, limits.connections)
        # Those who were refused are still there for a moment, so there may be more than are counted.
        self._compare(server, "counted clients", clients.admitted, len(clients.connections))
        most = max(clients.addresses.values(), default=0)
        self._compare(server, "clients at one address", most, limits.connections_per_address)

    def look_at_clients(self, server: str, clients: ClientContext, clock_s: float) -> None:
        """Look at each client of a server whose monotonic clock shows `clock_s`: that takes longer."""
        for each in clients.connections.all():
            self._look_at_client(server, each, clients.limits, clock_s)

    def violations(self) -> list[Violation]:
        """Return what was too large, each once."""
        return list(self._overfull.values())

    def _look_at_client(self, server: str, client: ClientConnection, limits: Limits, clock_s: float) -> None:
        answers = client._answers  # noqa: SLF001 - nobody in a server asks for it
        self._compare(server, "answers that wait", len(answers), limits.answers_waiting)
        begun = client._parser._rest  # noqa: SLF001
        self._compare(server, "bytes of one line", len(begun), limits.line_bytes)
        if client._input is Input.OPEN and not (answers or client._commands):  # noqa: SLF001
            idle_s = int(clock_s - client._active_s - _IDLE_S)  # noqa: SLF001
            self._compare(server, "seconds of an idle client", idle_s, round(limits.idle_s))

    def _compare(self, server: str, what: str, count: int, most: int) -> None:
        if count > most:
            text = f"{server} had {count} {what}, and {most} are the most"
            self._overfull.setdefault(f"{server} {what}", Violation("bounded", "too many", text))
