"""The events of a trace until there is a block of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from zlib import crc32

from herd.sim.engine.traceblocks import BLOCK_EVENTS, CHECK, CHECKED, EXCERPT_BYTES, NETWORK, encode

if TYPE_CHECKING:
    from herd.sim.engine.traceblocks import Row


class _Closed(list["Row"]):
    def append(self, _row: Row) -> NoReturn:
        raise ValueError("this trace is closed: nothing can be added to it")


class Rows:
    """Up to 4,096 events. When there are as many it calls `end_block`, which has to `clear` it."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self.hidden: bytes | None = None
        """What is left out of bytes on the network: a path that another run has not."""

    def end_block(self) -> None:
        """Take out a whole block: whoever inherits from this does it."""
        raise NotImplementedError

    def add(  # noqa: PLR0913, PLR0917  # an event has seven fields, and building it must cost nothing
        self, kind: int, time_ns: int, host: int, peer: int, flow: int, size: int, data: bytes = b""
    ) -> None:
        """Add one event. Of `data` the first 96 bytes are kept, and a checksum of all that was sent."""
        rows = self._rows
        if self.hidden is not None and kind in NETWORK:
            data = data.replace(self.hidden, b"")
        excerpt = data if len(data) <= EXCERPT_BYTES else _cut(kind, data)
        rows.append((kind, time_ns, host, peer, flow, size, excerpt))
        if len(rows) >= BLOCK_EVENTS:
            self.end_block()

    @property
    def held(self) -> int:
        """How many events there are."""
        return len(self._rows)

    @property
    def closed(self) -> bool:
        """Whether nothing can be added any more."""
        return isinstance(self._rows, _Closed)

    @closed.setter
    def closed(self, _is_closed: bool) -> None:
        self._rows = _Closed(self._rows)

    def columns(self) -> bytes:
        """Return all of them as the columns of a block; there is at least one."""
        return encode(self._rows)

    def clear(self) -> None:
        """Forget all of them."""
        self._rows.clear()


def _cut(kind: int, data: bytes) -> bytes:
    excerpt = data[:EXCERPT_BYTES]
    return excerpt + CHECK.pack(crc32(data)) if kind in CHECKED else excerpt
