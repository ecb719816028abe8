"""Where the blocks of a trace lie: one walk from block to block that reads none of them.

It tells a file that was cut short (it ends within something) from one that is damaged (a checksum is wrong).
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn
from zlib import crc32

from attrs import frozen

from herd.sim.engine.traceblocks import BLOCK, CHECK, FOOT, HEAD, MAGIC, TAG_BLOCK, TAG_FOOT, VERSION

if TYPE_CHECKING:
    from struct import Struct


class TraceError(ValueError):
    """A file that cannot be read as a trace; one line that says what is wrong, and where."""


@frozen
class Block:
    """Events as they lie in the file: `count` of them from number `first`, in `length` bytes at `offset`.

    `check` is the CRC-32 of these bytes.
    """

    offset: int
    length: int
    first: int
    count: int
    check: int


@frozen
class Outline:
    """The header, the blocks, and the digest of the foot: None for a file that was cut short."""

    header: dict[str, Any]
    blocks: tuple[Block, ...]
    digest: str | None

    @property
    def count(self) -> int:
        """How many events the blocks hold."""
        return self.blocks[-1].first + self.blocks[-1].count if self.blocks else 0


def read_outline(file: BinaryIO, name: str) -> Outline:
    """Return the outline of the trace in `file`; raise TraceError, with `name`, for what is none."""
    return _Walk(file, name).walk()


class _Walk:
    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._end = file.seek(0, os.SEEK_END)
        file.seek(0)

    def walk(self) -> Outline:
        header = self._header()
        blocks: list[Block] = []
        while True:
            at = self._file.tell()
            tag = self._file.read(1)
            if tag == TAG_FOOT:
                return self._foot(Outline(header, tuple(blocks), None), at)
            if tag not in {TAG_BLOCK, b""}:
                self._damaged(at, "neither events nor an end are here")
            fields = self._fields(BLOCK, at)
            start = self._file.tell()
            if fields is None or start + fields[0] > self._end:
                return Outline(header, tuple(blocks), None)
            length, count, check = fields
            first = blocks[-1].first + blocks[-1].count if blocks else 0
            blocks.append(Block(start, length, first, count, check))
            self._file.seek(start + length)

    def _header(self) -> dict[str, Any]:
        if self._file.read(len(MAGIC)) != MAGIC:
            raise TraceError(f"{self._name}: this is not a trace of a simulation")
        head = self._file.read(HEAD.size)
        if len(head) < HEAD.size:
            raise TraceError(f"{self._name}: cut short within its head: nothing of it can be read")
        version, length, check = HEAD.unpack(head)
        if version != VERSION:
            raise TraceError(
                f"{self._name}: a trace of version {version}, and this program reads version {VERSION}: "
                "read it with the program that wrote it, or run its seed again"
            )
        text = self._file.read(length)
        if len(text) < length:
            raise TraceError(f"{self._name}: cut short within its head: nothing of it can be read")
        if crc32(text) != check:
            self._damaged(len(MAGIC), "the checksum of the head is wrong")
        header: dict[str, Any] = json.loads(text)
        return header

    def _foot(self, outline: Outline, at: int) -> Outline:
        fields = self._fields(FOOT, at)
        if fields is None:
            return outline
        count, digest = fields
        if count != outline.count:
            self._damaged(at, f"{count} events were written, {outline.count} are here")
        if self._file.tell() != self._end:
            self._damaged(self._file.tell(), "the file goes on after its end")
        return Outline(outline.header, outline.blocks, digest.hex())

    def _fields(self, layout: Struct, at: int) -> tuple[Any, ...] | None:
        packed = self._file.read(layout.size)
        check = self._file.read(CHECK.size)
        if len(check) < CHECK.size:
            return None
        if CHECK.unpack(check) != (crc32(packed),):
            self._damaged(at, "a checksum is wrong")
        return layout.unpack(packed)

    def _damaged(self, at: int, reason: str) -> NoReturn:
        raise TraceError(f"{self._name}: damaged at byte {at}: {reason}")
