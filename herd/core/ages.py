"""Which client's record is the oldest.

A client that reports every second must not cost a reordering every second. So a client is filed once, under
the moment at which its record had been received when it was filed, in a bucket about a second wide; updates
touch nothing. When a bucket becomes the earliest one, its clients are looked at: those that have been
updated since are filed again under their newer moment, the rest go into a small heap, the *front*, whose top
is the oldest of all. Every client stands in exactly one place, so this costs a pointer for each client, and
one look per client in the lifetime of a record."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class AgeIndex:
    """Clients in the order in which their records were received, looked at lazily.

    `received_of` tells the moment (nanoseconds) of a client's present record, or None for a client that is
    gone. Moments of one client only grow."""

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

    def settle(self, until_ns: int, budget: int) -> bool:
        """Look at buckets that begin no later than `until_ns`, at most `budget` clients; tell whether all is done."""
        while budget > 0:
            if self._unsettled:
                budget -= 1
                self._settle_one(self._unsettled.pop())
            elif self._front or not self._bucket_order or self._bucket_order[0] * self._width_ns > until_ns:
                return True
            else:
                self._front_bucket = heappop(self._bucket_order)
                self._unsettled = self._buckets.pop(self._front_bucket)
        return not self._unsettled

    def _settle_one(self, client_id: bytes) -> None:
        received_ns = self._received_of(client_id)
        if received_ns is not None:
            self.add(client_id, received_ns)

    def pop_oldest(self, until_ns: int | None = None) -> bytes | None:
        """Take the client with the oldest record out, if that was received no later than `until_ns`.

        Clients with records of one moment come out in the order of their ids, the same on every server.
        """
        while self._front or self._unsettled or self._bucket_order:
            if self._unsettled or not self._front:
                first_ns = self._bucket_order[0] * self._width_ns if self._bucket_order else 0
                if until_ns is not None and not self._unsettled and first_ns > until_ns:
                    return None
                self.settle(first_ns, len(self._unsettled) + 1)
                continue
            filed_ns, client_id = self._front[0]
            if until_ns is not None and filed_ns > until_ns:
                return None
            heappop(self._front)
            received_ns = self._received_of(client_id)
            if received_ns == filed_ns:
                return client_id
            if received_ns is not None:
                self.add(client_id, received_ns)
        return None
