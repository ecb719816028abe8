"""What happened, one record an event: the history of a simulation, and its hash.

Two runs are the same run when their digests are equal. The hash runs over every event, written to a file or
not, so a search over thousands of seeds keeps no files and still compares histories.

`add` is called for every event of a simulation: it only keeps a row. The work is done for 4,096 events at
once (see traceblocks).
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from zlib import compress, crc32

from herd.sim.engine.kinds import (
    ACCEPT,
    CONNECT,
    CONNECTED,
    DATAGRAM,
    DATAGRAM_IN,
    DATAGRAM_LOST,
    DELIVER,
    EXIT,
    FAULT,
    FIN,
    GONE,
    HEAL,
    HOST,
    LOST,
    NOBODY,
    NOTE,
    REFUSED,
    RESET,
    RESOLVE,
    SEND,
    START,
    STEP,
    THREAD,
    TIMED_OUT,
    TIMER,
    Kind,
)
from herd.sim.engine.native import Rows
from herd.sim.engine.traceblocks import (
    BLOCK,
    BLOCK_EVENTS,
    CHECK,
    FOOT,
    HEAD,
    MAGIC,
    TAG_BLOCK,
    TAG_FOOT,
    VERSION,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACCEPT",
    "CONNECT",
    "CONNECTED",
    "DATAGRAM",
    "DATAGRAM_IN",
    "DATAGRAM_LOST",
    "DELIVER",
    "EXIT",
    "FAULT",
    "FIN",
    "GONE",
    "HEAL",
    "HOST",
    "LOST",
    "NOBODY",
    "NOTE",
    "REFUSED",
    "RESET",
    "RESOLVE",
    "SEND",
    "START",
    "STEP",
    "THREAD",
    "TIMED_OUT",
    "TIMER",
    "Kind",
    "Trace",
]

_COMPRESSION: Final = 3  # the columns do most of the work: 6 gains 6% of the size for twice the time
_DIGEST_BYTES: Final = 16


class Trace(Rows):
    """The history of one simulation: its hash, and its events in `file` if there is one.

    `header` is what a reader should know of the run (scenario, seed, tape, version), JSON throughout. Without
    a file nothing but the hash and the last few thousand events is kept. Whoever opened the file closes it,
    after `close` has ended the trace.
    """

    def __init__(self, file: BinaryIO | None = None, header: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self._whole_blocks = 0
        self._hash = blake2b(digest_size=_DIGEST_BYTES)
        self._file = file
        if file is not None:
            text = json.dumps(header or {}, sort_keys=True, separators=(",", ":")).encode()
            file.write(MAGIC + HEAD.pack(VERSION, len(text), crc32(text)) + text)

    def end_block(self) -> None:
        """Hash a whole block, and write it."""
        self._hash.update(self._write_block())
        self._whole_blocks += 1
        self.clear()

    @property
    def count(self) -> int:
        """How many events there are."""
        return self._whole_blocks * BLOCK_EVENTS + self.held

    def digest(self) -> str:
        """Return the hash of all events so far, 32 hexadecimal digits."""
        hashed = self._hash
        if self.held:
            hashed = hashed.copy()
            hashed.update(self.columns())
        return hashed.hexdigest()

    def close(self) -> None:
        """End the trace: write what is left, and the foot by which a reader knows that nothing is missing.

        The count and the digest stay; a second `close` does nothing.
        """
        if self.closed:
            return
        if self.held:
            self._write_block()
        self.closed = True
        if self._file is not None:
            foot = FOOT.pack(self.count, bytes.fromhex(self.digest()))
            self._file.write(TAG_FOOT + foot + CHECK.pack(crc32(foot)))
            self._file.flush()

    def _write_block(self) -> bytes:
        columns = self.columns()
        if self._file is not None:
            body = compress(columns, _COMPRESSION)
            fields = BLOCK.pack(len(body), self.held, crc32(body))
            self._file.write(TAG_BLOCK + fields + CHECK.pack(crc32(fields)) + body)
            self._file.flush()  # a crash of this very process costs one block at most
        return columns
