"""Client -> its newest record.

A last-writer-wins register for each client: the same set of reports in, in any order, leaves the same cache.
It is bounded twice. A record expires a fixed time after its origin received it, a moment computed from the
record itself, so every server agrees about it; and past a number of clients the oldest record is evicted.

Values are the bare bytes of AT lines: half the memory of objects, and nothing for the garbage collector to
follow. Clients are spread over shards by a checksum of their ids, so that walking the whole cache can be
done a shard at a time while it goes on changing.

This is the reference; where it was built, the compiled cache of `herd.core._native` does the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zlib import crc32

from herd.core.ages import AgeIndex
from herd.core.record import NS_PER_S, has_usual_time, is_newer, received_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from herd.core.limits import Limits

SHARDS: Final = 256
LEAVES: Final = 65_536
SHARD_SHIFT: Final = 24
LEAF_SHIFT: Final = 16
_AGE_BUCKETS: Final = 65_536
_MIN_BUCKET_NS: Final = NS_PER_S // 100


class Cache:
    """The records that one server holds. Times are POSIX nanoseconds."""

    def __init__(self, limits: Limits) -> None:
        self._capacity = limits.clients_held
        self.lifetime_ns = round(limits.record_lifetime_s * NS_PER_S)
        self.shards: list[dict[bytes, bytes]] = [{} for _ in range(SHARDS)]
        """Client id -> AT line; where an id stands, the upper byte of its checksum says."""
        self.dirty = bytearray(LEAVES)
        """A 1 for each leaf (an id's checksum's upper half) that has changed; who keeps digests clears it."""
        self.unusual_times = 0
        """How many lines have a time that is not of the usual form: mostly none has."""
        self._ages = AgeIndex(max(self.lifetime_ns // _AGE_BUCKETS, _MIN_BUCKET_NS), self._received_of)
        self._size = 0
        self.on_dropped: Callable[[bytes], object] = lambda _: None
        """Called with each client whose record expired or was evicted."""

    def configure(self, limits: Limits) -> None:
        """Take on other limits; `sweep` then brings the cache within them."""
        self._capacity = limits.clients_held
        self.lifetime_ns = round(limits.record_lifetime_s * NS_PER_S)

    def __len__(self) -> int:
        return self._size

    def get(self, client_id: bytes, now_ns: int) -> bytes | None:
        """Return a client's AT line; None for a client that is not known or whose record has expired."""
        line = self.shards[crc32(client_id) >> SHARD_SHIFT].get(client_id)
        if line is None or self.is_expired(line, now_ns):
            return None
        return line

    def peek(self, client_id: bytes) -> bytes | None:
        """Return a client's AT line as it is held, expired or not."""
        return self.shards[crc32(client_id) >> SHARD_SHIFT].get(client_id)

    def is_expired(self, line: bytes, now_ns: int) -> bool:
        """Tell whether a record's time is over."""
        return received_ns(line) + self.lifetime_ns <= now_ns

    def offer(self, client_id: bytes, line: bytes, received_ns: int, now_ns: int) -> bool:
        """Store a record, received by its origin at `received_ns`; tell whether it was news.

        It is none if the record held is as new and has not expired, if it has itself expired, or if the cache
        is full of younger ones.
        """
        checksum = crc32(client_id)
        shard = self.shards[checksum >> SHARD_SHIFT]
        held = shard.get(client_id)
        if held is not None and not is_newer(line, held) and not self.is_expired(held, now_ns):
            return False
        if received_ns + self.lifetime_ns <= now_ns:
            return False
        shard[client_id] = line
        self.dirty[checksum >> LEAF_SHIFT] = 1
        self.unusual_times += not has_usual_time(line)
        if held is not None:
            self.unusual_times -= not has_usual_time(held)
            return True
        self._size += 1
        self._ages.add(client_id, received_ns)
        return self._size <= self._capacity or self._evict() != client_id

    def sweep(self, now_ns: int, budget: int) -> bool:
        """Drop expired records, looking at no more than twice `budget`; tell whether there is more to do."""
        until_ns = now_ns - self.lifetime_ns
        self._ages.settle(until_ns, budget)
        for client_id in self._ages.take_due(until_ns, budget):
            self._delete(client_id)
        for _ in range(min(budget, self._size - self._capacity)):
            self._evict()
        return self._ages.is_due(until_ns) or self._size > self._capacity

    def shard(self, index: int) -> Mapping[bytes, bytes]:
        """Return one of the `SHARDS` parts of the cache, for a look at once: client id -> AT line.

        In no order that means anything.
        """
        return self.shards[index]

    def shard_size(self, index: int) -> int:
        """Return how many records a shard has."""
        return len(self.shards[index])

    def _evict(self) -> bytes | None:
        client_id = self._ages.pop_oldest()
        if client_id is not None:
            self._delete(client_id)
        return client_id

    def _delete(self, client_id: bytes) -> None:
        checksum = crc32(client_id)
        line = self.shards[checksum >> SHARD_SHIFT].pop(client_id)
        self.unusual_times -= not has_usual_time(line)
        self.dirty[checksum >> LEAF_SHIFT] = 1
        self._size -= 1
        self.on_dropped(client_id)

    def _received_of(self, client_id: bytes) -> int | None:
        line = self.peek(client_id)
        return None if line is None else received_ns(line)
