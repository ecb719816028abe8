"""A trace that was written, read again: event by event, never whole in memory.

A file is complete: it has its foot, which knows the count and the digest. Or it is cut: the run that wrote it
was killed, and every block of events before the cut can be read. Or it is damaged: its bytes are not what was
written, and reading them is an error that says where.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from attrs import evolve, field, frozen

from herd.sim.engine.trace import HOST, NOBODY, Kind
from herd.sim.engine.traceblocks import EXCERPT_BYTES, BadBlockError, Row, decode
from herd.sim.engine.traceoutline import Block, TraceError, read_outline

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Difference", "Event", "TraceError", "TraceFile", "first_difference", "read_trace"]

NS_PER_S: Final = 1_000_000_000
_KINDS: Final = {int(kind): kind for kind in Kind}


@frozen
class Event:
    """One event: the `number`-th of its trace, from 0, at `time_ns` nanoseconds of virtual time.

    `host` and `peer` are names, empty where there is none. What `flow`, `size` and `data` (an excerpt of at
    most 96 bytes) mean is told at each `Kind`. `check` is the CRC-32 of all bytes that were sent, if there
    are more; None also in traces of older programs.
    """

    number: int
    time_ns: int
    kind: Kind
    host: str
    peer: str
    flow: int
    size: int
    data: bytes
    check: int | None = None

    @property
    def time_s(self) -> float:
        """The virtual time in seconds."""
        return self.time_ns / NS_PER_S


@frozen
class Difference:
    """The first event in which two traces differ; None for the trace that has ended by then."""

    number: int
    left: Event | None
    right: Event | None


@frozen
class TraceFile:
    """A trace whose outline is checked. Iterate over it, as often as you like, for its events.

    `complete` is False for a file that was cut short; then `count` is what can be read and `digest` is None.
    Iterating raises TraceError where the file is damaged.
    """

    name: str
    header: dict[str, Any]
    complete: bool
    count: int
    digest: str | None
    _blocks: tuple[Block, ...] = field(repr=False)
    _open: Callable[[], BinaryIO] = field(repr=False)

    def __iter__(self) -> Iterator[Event]:
        names = _Names()
        for block, columns in self.blocks():
            yield from self.events(block, columns, names)

    def hosts(self) -> dict[str, str]:
        """Return the name and the address of every host, in the order in which they were made."""
        found = {}
        for block, columns in self.blocks():
            if HOST in columns[: block.count]:
                for event in self.events(block, columns, _Names()):
                    if event.kind is Kind.HOST:
                        found[event.host] = event.data.rpartition(b" ")[2].decode(errors="replace")
        return found

    def blocks(self) -> Iterator[tuple[Block, bytes]]:
        """Yield each block with its columns, which are equal where the events are equal."""
        with self._open() as file:
            for block in self._blocks:
                file.seek(block.offset)
                body = file.read(block.length)
                if zlib.crc32(body) != block.check:
                    raise self._damaged(block, "a checksum is wrong")
                try:
                    columns = zlib.decompress(body)
                except zlib.error as error:
                    raise self._damaged(block, str(error)) from error
                yield block, columns

    def events(self, block: Block, columns: bytes, names: _Names) -> Iterator[Event]:
        """Yield the events of one block; `names` has learned from the blocks before it."""
        try:
            rows = decode(columns, block.count)
        except BadBlockError as error:
            raise self._damaged(block, str(error)) from error
        names.learn(rows)
        try:
            for number, (kind, time_ns, host, peer, flow, size, data) in enumerate(rows, block.first):
                excerpt, check = _parts(data)
                yield Event(
                    number, time_ns, _KINDS[kind], names[host], names[peer], flow, size, excerpt, check
                )
        except KeyError as error:
            raise self._damaged(block, f"no kind of event has number {error}") from error

    def _damaged(self, block: Block, reason: str) -> TraceError:
        last = block.first + block.count - 1
        where = f"byte {block.offset}, in the events {block.first} to {last}"
        return TraceError(f"{self.name}: damaged at {where}: {reason}")


def _parts(data: bytes) -> tuple[bytes, int | None]:
    """Return what is shown of an excerpt, and the checksum in it, if there is one."""
    if len(data) <= EXCERPT_BYTES:
        return data, None
    return data[:EXCERPT_BYTES], int.from_bytes(data[EXCERPT_BYTES:], "little")


class _Names(dict[int, str]):
    """The names of hosts by their index; a host that no event introduced is called by its number."""

    def __init__(self) -> None:
        super().__init__({NOBODY: ""})

    def __missing__(self, index: int) -> str:
        return f"host-{index}"

    def learn(self, rows: list[Row]) -> None:
        for row in rows:
            if row[0] == HOST:
                self[row[2]] = row[6].rpartition(b" ")[0].decode(errors="replace")


def read_trace(where: str | Path | bytes) -> TraceFile:
    """Return the trace in the file `where`, or in the bytes that were written to one.

    Only its outline is read. Raise TraceError for a file that is no trace, is of another version, or is
    damaged; OSError for one that cannot be read.
    """
    if isinstance(where, bytes):
        return _read("the trace", lambda: BytesIO(where))
    path = Path(where)
    return _read(str(path), lambda: path.open("rb"))


def _read(name: str, open_file: Callable[[], BinaryIO]) -> TraceFile:
    with open_file() as file:
        outline = read_outline(file, name)
    complete = outline.digest is not None
    return TraceFile(name, outline.header, complete, outline.count, outline.digest, outline.blocks, open_file)


def first_difference(left: TraceFile, right: TraceFile) -> Difference | None:
    """Return the first event in which two traces differ, None if their events are the same.

    Headers are not compared. Blocks that are equal to the byte are not taken apart, so two long histories
    that agree are compared in moments.
    """
    left_names, right_names = _Names(), _Names()
    number = 0
    for ours, theirs in zip_longest(left.blocks(), right.blocks()):
        if ours and theirs and ours[1] == theirs[1] and HOST not in ours[1][: ours[0].count]:
            number += ours[0].count
            continue
        left_events = left.events(ours[0], ours[1], left_names) if ours else iter(())
        right_events = right.events(theirs[0], theirs[1], right_names) if theirs else iter(())
        for mine, other in zip_longest(left_events, right_events):
            if mine != other and not (mine and other and _as_far_as_told(mine, other)):
                return Difference(number, mine, other)
            number += 1
    return None


def _as_far_as_told(left: Event, right: Event) -> bool:
    """Tell whether two events are the same, as far as the older of two programs has told of them."""
    return None in {left.check, right.check} and evolve(left, check=None) == evolve(right, check=None)
