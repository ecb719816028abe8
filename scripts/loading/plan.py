"""What load is wanted, and when each command of it is due.

In the open loop command number i is due at i / rate seconds, whether or not the herd keeps up. Commands go to
the connections in turn, and connections to the processes in turn; so the same plan is the same load, however
many processes it takes to make it.
"""

from __future__ import annotations

from itertools import count
from math import ceil
from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.config.model import Address

if TYPE_CHECKING:
    from collections.abc import Iterator

NS_PER_S: Final = 10**9
NS_PER_US: Final = 1000


@frozen(kw_only=True)
class Plan:
    """A load. `rate`: commands due per second, of all connections; None for as many as will go."""

    addresses: tuple[Address, ...]
    connections: int
    pipeline: int
    seconds: float
    clients: int
    whatsat_percent: float
    rate: float | None
    seed: int
    processes: int = 1

    @property
    def client_prefix(self) -> bytes:
        """Return what all client ids of this load begin with, and no others."""
        return b"load-%d-" % self.seed

    @property
    def seconds_ns(self) -> int:
        """Return the duration in nanoseconds."""
        return round(self.seconds * NS_PER_S)

    def connections_of(self, process: int) -> range:
        """Return the numbers of the connections that a process makes."""
        return range(process, self.connections, self.processes)

    def address_of(self, connection: int) -> Address:
        """Return the server that a connection goes to."""
        return self.addresses[connection % len(self.addresses)]

    def clients_of(self, connection: int) -> range:
        """Return the numbers of the clients that report on a connection: one at least."""
        return range(connection, max(self.clients, connection + 1), self.connections)

    def dues_of(self, process: int) -> Iterator[tuple[int, int]]:
        """Yield a process's commands of the open loop: nanoseconds after the beginning, and connection."""
        assert self.rate is not None
        planned = ceil(self.rate * self.seconds)
        own = self.connections_of(process)
        for lap in count():
            for connection in own:
                number = lap * self.connections + connection
                if number >= planned:
                    return
                yield int(number * NS_PER_S / self.rate), connection
