"""What happened, one record an event: the history of a simulation, and its hash.

Two runs are the same run when their digests are equal. The hash runs over every event, written to a file or
not, so a search over thousands of seeds keeps no files and still compares histories.

`add` is called for every event of a simulation: it only appends a tuple to a list. The work is done for 4,096
events at once (see traceblocks), where it costs a few calls into C.
"""

from __future__ import annotations

import json
from enum import IntEnum, unique
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn
from zlib import compress, crc32

from herd.sim.engine.traceblocks import (
    BLOCK,
    BLOCK_EVENTS,
    CHECK,
    EXCERPT_BYTES,
    FOOT,
    HEAD,
    MAGIC,
    TAG_BLOCK,
    TAG_FOOT,
    VERSION,
    Row,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODY: Final = 0xFFFFFFFF
"""The host or peer of an event that has none."""

_COMPRESSION: Final = 3  # the columns do most of the work: 6 gains 6% of the size for twice the time
_DIGEST_BYTES: Final = 16


@unique
class Kind(IntEnum):
    """What an event is. The numbers are in files: a new kind takes the next number, none is used again."""

    HOST = 1
    """A host is made; data: its name and address."""
    START = 2
    """A program starts; data: its name."""
    EXIT = 3
    """A program ends; size: its exit code."""
    TIMER = 4
    """A delayed call runs; data: the function's name."""
    CONNECT = 5
    """A client's connection attempt leaves host for peer; flow: the new connection."""
    CONNECTED = 6
    """The connection stands, at the client."""
    ACCEPT = 7
    """The connection stands, at the server."""
    REFUSED = 8
    """The attempt was refused, at the client."""
    TIMED_OUT = 9
    """The attempt was never answered, at the client."""
    SEND = 10
    """A segment leaves host for peer; size: its bytes."""
    DELIVER = 11
    """Bytes of the peer reach the program at host."""
    LOST = 12
    """A segment from host to peer that will be sent again."""
    FIN = 13
    """The host closes its direction of the connection."""
    RESET = 14
    """The host sends a reset."""
    GONE = 15
    """The program at host learns that the connection is lost; data: the class of the reason."""
    DATAGRAM = 16
    """A datagram leaves host for peer; flow: its number."""
    DATAGRAM_IN = 17
    """A datagram, or a copy of it, reaches the program at host."""
    DATAGRAM_LOST = 18
    """A datagram, or a copy of it, from host to peer that arrives nowhere."""
    FAULT = 19
    """Something is broken on purpose; data: what."""
    HEAL = 20
    """A fault ends; data: which."""
    NOTE = 21
    """A line of a program's log."""
    STEP = 22
    """A step of the workload; data: which."""
    THREAD = 23
    """Work that a program gave to a thread; data: the function's name."""
    RESOLVE = 24
    """A name is looked up; data: the name."""


# A plain number is faster to reach and to pack than a member of an enumeration.
HOST: Final = int(Kind.HOST)
START: Final = int(Kind.START)
EXIT: Final = int(Kind.EXIT)
TIMER: Final = int(Kind.TIMER)
CONNECT: Final = int(Kind.CONNECT)
CONNECTED: Final = int(Kind.CONNECTED)
ACCEPT: Final = int(Kind.ACCEPT)
REFUSED: Final = int(Kind.REFUSED)
TIMED_OUT: Final = int(Kind.TIMED_OUT)
SEND: Final = int(Kind.SEND)
DELIVER: Final = int(Kind.DELIVER)
LOST: Final = int(Kind.LOST)
FIN: Final = int(Kind.FIN)
RESET: Final = int(Kind.RESET)
GONE: Final = int(Kind.GONE)
DATAGRAM: Final = int(Kind.DATAGRAM)
DATAGRAM_IN: Final = int(Kind.DATAGRAM_IN)
DATAGRAM_LOST: Final = int(Kind.DATAGRAM_LOST)
FAULT: Final = int(Kind.FAULT)
HEAL: Final = int(Kind.HEAL)
NOTE: Final = int(Kind.NOTE)
STEP: Final = int(Kind.STEP)
THREAD: Final = int(Kind.THREAD)
RESOLVE: Final = int(Kind.RESOLVE)


class _Closed(list[Row]):
    def append(self, _row: Row) -> NoReturn:
        raise ValueError("this trace is closed: nothing can be added to it")


class Trace:
    """The history of one simulation: its hash, and its events in `file` if there is one.

    `header` is what a reader should know of the run (scenario, seed, tape, version), JSON throughout. Without
    a file nothing but the hash and the last few thousand events is kept. Whoever opened the file closes it,
    after `close` has ended the trace.
    """

    def __init__(self, file: BinaryIO | None = None, header: Mapping[str, Any] | None = None) -> None:
        self._rows: list[Row] = []
        self._whole_blocks = 0
        self._hash = blake2b(digest_size=_DIGEST_BYTES)
        self._file = file
        if file is not None:
            text = json.dumps(header or {}, sort_keys=True, separators=(",", ":")).encode()
            file.write(MAGIC + HEAD.pack(VERSION, len(text), crc32(text)) + text)

    def add(  # noqa: PLR0913, PLR0917  # an event has seven fields, and building it must cost nothing
        self, kind: int, time_ns: int, host: int, peer: int, flow: int, size: int, data: bytes = b""
    ) -> None:
        """Add one event. Of `data` the first 96 bytes are kept."""
        rows = self._rows
        excerpt = data if len(data) <= EXCERPT_BYTES else data[:EXCERPT_BYTES]
        rows.append((kind, time_ns, host, peer, flow, size, excerpt))
        if len(rows) >= BLOCK_EVENTS:
            self._hash.update(self._write_block())
            self._whole_blocks += 1
            rows.clear()

    @property
    def count(self) -> int:
        """How many events there are."""
        return self._whole_blocks * BLOCK_EVENTS + len(self._rows)

    def digest(self) -> str:
        """Return the hash of all events so far, 32 hexadecimal digits."""
        hashed = self._hash
        if self._rows:
            hashed = hashed.copy()
            hashed.update(encode(self._rows))
        return hashed.hexdigest()

    def close(self) -> None:
        """End the trace: write what is left, and the foot by which a reader knows that nothing is missing.

        The count and the digest stay; a second `close` does nothing.
        """
        if isinstance(self._rows, _Closed):
            return
        if self._rows:
            self._write_block()
        self._rows = _Closed(self._rows)
        if self._file is not None:
            foot = FOOT.pack(self.count, bytes.fromhex(self.digest()))
            self._file.write(TAG_FOOT + foot + CHECK.pack(crc32(foot)))
            self._file.flush()

    def _write_block(self) -> bytes:
        columns = encode(self._rows)
        if self._file is not None:
            body = compress(columns, _COMPRESSION)
            fields = BLOCK.pack(len(body), len(self._rows), crc32(body))
            self._file.write(TAG_BLOCK + fields + CHECK.pack(crc32(fields)) + body)
            self._file.flush()  # a crash of this very process costs one block at most
        return columns
