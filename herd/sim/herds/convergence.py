"""When each server first held each record: how fast reports spread, seen from inside.

A server owes whatever is news to it to its neighbors, and to its journal where it has one. The probe stands
where the journal does, so it is told of every record at the moment at which a server takes it, at no cost
while nothing is news; a real journal behind it gets all of it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from herd.core.cache import SHARDS
from herd.core.flood import Outbox
from herd.core.record import client_of
from herd.sim.herds.checker import order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from herd.core.replica import Replica


@frozen
class Spread:
    """One record, and when each server held it or a greater one of its client. Virtual nanoseconds."""

    line: bytes
    first_ns: Mapping[str, int]

    def took_ns(self, servers: Iterable[str]) -> int | None:
        """Return how long it took from the first to the last of these; None if it never reached them all."""
        times = [self.first_ns.get(server) for server in servers]
        known = [each for each in times if each is not None]
        return max(known) - min(self.first_ns.values()) if known and len(known) == len(times) else None


class _Probe(Outbox):
    """Is put where a journal's outbox is, and hands on to that."""

    def __init__(self, journal: Outbox | None, note: Callable[[Iterable[bytes]], None]) -> None:
        super().__init__()
        self._journal = journal
        self._note = note

    def put(self, records: Mapping[bytes, bytes]) -> None:
        """Note what is news."""
        self._note(records.values())
        if self._journal is not None:
            self._journal.put(records)


class Convergence:
    """Watches servers. `now_ns` is the simulation's clock."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._first: dict[bytes, dict[str, int]] = {}

    def watch(self, server: str, replica: Replica) -> None:
        """Watch a server from now on: at every start anew, for its memory is a new one."""

        def note(lines: Iterable[bytes]) -> None:
            for line in lines:
                self._first.setdefault(line, {}).setdefault(server, self._now_ns())

        for shard in range(SHARDS):
            note(replica.cache.shard(shard).values())
        replica.flood.journal = _Probe(replica.flood.journal, note)

    def spreads(self) -> list[Spread]:
        """Return what became of every record, those of one client together and in their order."""
        clients: dict[bytes, list[bytes]] = {}
        for line in self._first:
            clients.setdefault(client_of(line), []).append(line)
        return [spread for lines in clients.values() for spread in self._spreads_of(lines)]

    def _spreads_of(self, lines: list[bytes]) -> list[Spread]:
        first_ns: dict[str, int] = {}
        spreads = []
        for line in sorted(lines, key=order, reverse=True):
            for server, time_ns in self._first[line].items():
                first_ns[server] = min(time_ns, first_ns.get(server, time_ns))
            spreads.append(Spread(line, dict(first_ns)))
        return spreads[::-1]
