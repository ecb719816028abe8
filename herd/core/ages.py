"""Which client's record is the oldest.

A client that reports every second must not cost a reordering every second. So a client is filed once, under
the moment at which its record had been received when it was filed, in a bucket about a second wide; updates
touch nothing. When a bucket becomes the earliest one, its clients are looked at: those that have been
updated since are filed again under their newer moment, the rest go into a small heap, the *front*, whose top
is the oldest of all. Every client stands in exactly one place, so this costs a pointer for each client, and
one look per client in the lifetime of a record.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class AgeIndex:
    """Clients in the order in which their records were received, looked at lazily.

    `received_of` tells the moment (nanoseconds) of a client's present record, or None for a client that is
    gone. A moment that goes back, because the clocks of two servers differ, is noticed when the client is
    next looked at.
    """

    def __init__(self, width_ns: int, received_of: Callable[[bytes], int | None]) -> None:
        self._width_ns = width_ns
        self._received_of = received_of
        self._buckets: dict[int, list[bytes]] = {}
        self._bucket_order: list[int] = []
        self._front: list[tuple[int, bytes]] = []
        self._front_bucket: int | None = None
        self._unsettled: list[bytes] = []

    def add(self, client_id: bytes, received_ns: int) -> None:
        """File a client that is not filed yet."""
        bucket = received_ns // self._width_ns
        if self._front_bucket is not None and bucket <= self._front_bucket:
            heappush(self._front, (received_ns, client_id))
            return
        filed = self._buckets.get(bucket)
        if filed is None:
            self._buckets[bucket] = [client_id]
            heappush(self._bucket_order, bucket)
        else:
            filed.append(client_id)

    def is_due(self, until_ns: int) -> bool:
        """Tell whether there may be a client whose record was received no later than `until_ns`."""
        if self._unsettled:
            return True
        if self._front:
            return self._front[0][0] <= until_ns
        return bool(self._bucket_order) and self._bucket_order[0] * self._width_ns <= until_ns

    def settle(self, until_ns: int, budget: int) -> None:
        """If nothing is in front, begin with the earliest bucket if it is due; look at `budget` clients."""
        if not self._front and not self._unsettled and self.is_due(until_ns):
            self._front_bucket = heappop(self._bucket_order)
            self._unsettled = self._buckets.pop(self._front_bucket)
        for _ in range(min(budget, len(self._unsettled))):
            client_id = self._unsettled.pop()
            received_ns = self._received_of(client_id)
            if received_ns is not None:
                self.add(client_id, received_ns)

    def take_due(self, until_ns: int, budget: int) -> list[bytes]:
        """Take clients out whose records were received no later than `until_ns`; look at `budget` clients.

        Oldest first, and none before all that are in front have been settled. Clients of one moment come out
        in the order of their ids, the same on every server.
        """
        due: list[bytes] = []
        for _ in range(budget):
            if self._unsettled or not self._front or self._front[0][0] > until_ns:
                break
            filed_ns, client_id = heappop(self._front)
            received_ns = self._received_of(client_id)
            if received_ns == filed_ns:
                due.append(client_id)
            elif received_ns is not None:
                self.add(client_id, received_ns)
        return due

    def pop_oldest(self) -> bytes | None:
        """Take the client with the oldest record out, however long that takes; None if there is no client."""
        while self._unsettled or self._front or self._bucket_order:
            until_ns = self._front[0][0] if self._front else self._bucket_order[0] * self._width_ns
            self.settle(until_ns, len(self._unsettled) or 1)
            for client_id in self.take_due(until_ns, 1):
                return client_id
        return None
