"""A tree of digests over the records of a cache.

Clients are spread over 65,536 leaves by a checksum of their ids. A leaf's digest is a hash over the sorted
fingerprints of its records, and each node above hashes its sixteen children, up to the root; an empty node's
digest is all zeros. Two caches that hold the same records have the same root, and where they differ only the
branches that lead there do.

A node is named by the path that leads to it, up to four hexadecimal digits: `""` is the root, `"3f"` a node
of the second level, `"3fa0"` a leaf. A path of two digits is one shard of the cache.

An update only marks its leaf, so it costs the same whatever the size of the cache; marked leaves are hashed
again when digests are wanted, some at a time. A client that reports a thousand times between two
reconciliations is hashed once.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final
from zlib import crc32

if TYPE_CHECKING:
    from herd.core.cache import Cache

DIGEST_BYTES: Final = 8
FANOUT: Final = 16
LEAF_DEPTH: Final = 4
SHARD_DEPTH: Final = 2
EMPTY: Final = bytes(DIGEST_BYTES)

_LEAVES_PER_SHARD: Final = 256
_LEAVES_AT_ONCE: Final = 64
_LEAF_SHIFT: Final = 16


def fingerprint(line: bytes) -> bytes:
    """Return the fingerprint of a record."""
    return blake2b(line, digest_size=DIGEST_BYTES).digest()


def _hash(parts: bytes) -> bytes:
    return blake2b(parts, digest_size=DIGEST_BYTES).digest() if any(parts) else EMPTY


class Digests:
    """The digests of one cache, which tells it by `Cache.dirty` what has changed."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._levels = [bytearray(DIGEST_BYTES * FANOUT**depth) for depth in range(LEAF_DEPTH + 1)]
        self._indexed_shard: int | None = None
        self._index: dict[int, list[bytes]] = {}

    def refresh(self) -> bool:
        """Bring some leaves up to date, a few milliseconds of work; tell whether more are to be done."""
        dirty = self._cache.dirty
        first = dirty.find(1)
        if first < 0:
            return False
        self._refresh_leaves(first - first % _LEAVES_AT_ONCE)
        return dirty.find(1) >= 0

    def root(self) -> bytes:
        """Return the digest of the whole cache as of the last refresh."""
        return bytes(self._levels[0])

    def children(self, path: str) -> list[bytes]:
        """Return the digests of a node's sixteen children."""
        level = self._levels[len(path) + 1]
        start = (int(path, 16) if path else 0) * FANOUT * DIGEST_BYTES
        return [
            bytes(level[at : at + DIGEST_BYTES])
            for at in range(start, start + FANOUT * DIGEST_BYTES, DIGEST_BYTES)
        ]

    def walk_cost(self, path: str) -> int:
        """Return how many records `records_of` would walk through beside those it returns."""
        shard = int(path[:SHARD_DEPTH], 16)
        return 0 if shard == self._indexed_shard else self._cache.shard_size(shard)

    def records_of(self, path: str, limit: int) -> dict[bytes, tuple[bytes, bytes]] | None:
        """Return the records under a node, no higher than a shard: fingerprint -> (client id, AT line).

        None if there are more than `limit`. Nodes of one shard, asked for one after the other, cost one walk
        through the shard.
        """
        shard = int(path[:SHARD_DEPTH], 16)
        if shard != self._indexed_shard:
            self._index = self._index_shard(shard)
            self._indexed_shard = shard
        width = FANOUT ** (LEAF_DEPTH - len(path))
        first = int(path, 16) * width
        ids = [id_ for leaf in range(first, first + width) for id_ in sorted(self._index.get(leaf, ()))]
        if len(ids) > limit:
            return None
        records = [(id_, line) for id_ in ids if (line := self._cache.peek(id_)) is not None]
        return {fingerprint(line): (id_, line) for id_, line in records}

    def forget_index(self) -> None:
        """Let go of the index that `leaf_records` keeps between calls."""
        self._indexed_shard = None
        self._index = {}

    def records_under(self, path: str) -> dict[bytes, bytes]:
        """Return the records of a node no higher than a shard: client id -> AT line, by client id."""
        records = self._cache.shard(int(path[:SHARD_DEPTH], 16))
        shift = 4 * (8 - len(path))
        node = int(path, 16)
        return dict(sorted(item for item in records.items() if crc32(item[0]) >> shift == node))

    def _index_shard(self, shard: int) -> dict[int, list[bytes]]:
        index: dict[int, list[bytes]] = {}
        for client_id in self._cache.shard(shard):
            index.setdefault(crc32(client_id) >> _LEAF_SHIFT, []).append(client_id)
        return index

    def _refresh_leaves(self, first: int) -> None:
        dirty = self._cache.dirty
        end = first + _LEAVES_AT_ONCE
        fingerprints: dict[int, list[bytes]] = {leaf: [] for leaf in range(first, end) if dirty[leaf]}
        dirty[first:end] = bytes(_LEAVES_AT_ONCE)
        for client_id, line in self._cache.shard(first // _LEAVES_PER_SHARD).items():
            found = fingerprints.get(crc32(client_id) >> _LEAF_SHIFT)
            if found is not None:
                found.append(fingerprint(line))
        for leaf, found in fingerprints.items():
            self._set(LEAF_DEPTH, leaf, _hash(b"".join(sorted(found))))
        self._rehash_above({leaf // FANOUT: None for leaf in fingerprints})

    def _rehash_above(self, nodes: dict[int, None]) -> None:
        """Hash nodes just above the leaves again, then those above them, up to the root."""
        for depth in range(LEAF_DEPTH - 1, -1, -1):
            below = self._levels[depth + 1]
            for node in nodes:
                start = node * FANOUT * DIGEST_BYTES
                self._set(depth, node, _hash(bytes(below[start : start + FANOUT * DIGEST_BYTES])))
            nodes = dict.fromkeys(node // FANOUT for node in nodes)

    def _set(self, depth: int, node: int, digest: bytes) -> None:
        start = node * DIGEST_BYTES
        self._levels[depth][start : start + DIGEST_BYTES] = digest
