"""An outbox: the records that one neighbor is owed.

It holds one record per client, the newest: a newer report replaces the one that waits. So a slow or
stuck neighbor costs at most one record per client, gets the newest of each when it reads again, and is never
cut off for being slow. A record keeps the place in the queue of the first one that it replaced, so the
client that has waited longest goes first. When a neighbor sends a record that still waits in its own outbox,
ours is dropped.

The outbox of a neighbor whose link is down is closed and holds nothing; what it missed is found out when the
link comes up.

This is the reference. `herd.core._native` has the same, compiled; `native` says which of them a server uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.core.ingest import forget, take
from herd.core.record import is_newer

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outbox:
    """The records that one neighbor is owed: client id -> AT line."""

    def __init__(self) -> None:
        self.waiting: dict[bytes, bytes] = {}
        """Client id -> AT line, as it stands; taking or closing puts another in its place."""
        self.is_open = False

    def __len__(self) -> int:
        return len(self.waiting)

    def open(self) -> None:
        """Begin to collect, with nothing waiting."""
        self.is_open = True

    def close(self) -> None:
        """Stop collecting and let go of what waits."""
        self.is_open = False
        self.waiting = {}

    def put(self, records: Mapping[bytes, bytes]) -> None:
        """Queue records, each newer than any record of its client queued before."""
        if self.is_open:
            self.waiting.update(records)

    def put_if_newer(self, records: Mapping[bytes, bytes]) -> None:
        """Queue records, but none where one as new already waits."""
        if not self.is_open:
            return
        for client_id, line in records.items():
            waiting = self.waiting.get(client_id)
            if waiting is None or is_newer(line, waiting):
                self.waiting[client_id] = line

    def forget(self, client_id: bytes, line: bytes) -> None:
        """Drop what waits for a client, unless it is newer than `line`, which the neighbor has."""
        forget(self.waiting, client_id, line)

    def take(self, max_bytes: int) -> list[bytes]:
        """Take the AT lines that have waited longest: one if any waits, and at most about `max_bytes`."""
        return take(self.waiting, max_bytes)

    def take_joined(self, max_bytes: int) -> tuple[int, bytes]:
        """Take as `take` does; return how many lines they are, and all of them, each with its ending."""
        lines = self.take(max_bytes)
        return len(lines), b"\n".join([*lines, b""])
