"""A client's side of the client protocol: chunks of bytes from a server -> answers, one for each command.

A server says nothing that it was not asked, and answers in order. An answer is one line; but where a WHATSAT
is answered with an AT line, JSON follows, up to and with the first blank line.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class AnswerParser:
    """The bytes that one server sends on a connection -> answers."""

    def __init__(self, commands: Iterable[bytes] = ()) -> None:
        self._may_be_long = deque(_may_be_long(command) for command in commands)
        self._rest = b""
        self._searched = 0
        """Up to where the end of the answer that has begun was sought in vain."""

    def __len__(self) -> int:
        """Return how many commands have no whole answer yet."""
        return len(self._may_be_long)

    @property
    def rest(self) -> bytes:
        """Return what has come and is no whole answer, or answers no command."""
        return self._rest

    def expect(self, command: bytes) -> None:
        """Take note of a command that is sent."""
        self._may_be_long.append(_may_be_long(command))

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes; return the answers that they complete, line endings included."""
        data = self._rest + chunk if self._rest else chunk
        answers: list[bytes] = []
        begin, searched = 0, self._searched
        while self._may_be_long:
            end = _end(data, begin, begin + searched, is_long=self._may_be_long[0])
            if end < 0:
                searched = max(0, len(data) - begin - 2)
                break
            answers.append(data[begin:end])
            self._may_be_long.popleft()
            begin, searched = end, 0
        self._rest, self._searched = data[begin:], searched
        return answers


def _may_be_long(command: bytes) -> bool:
    return command.split(None, 1)[:1] == [b"WHATSAT"]


def _end(data: bytes, begin: int, searched: int, *, is_long: bool) -> int:
    r"""Return where the answer that begins at `begin` ends; -1 if that has not come yet."""
    if not is_long or not data.startswith(b"AT ", begin):
        return data.find(b"\n", searched) + 1 or -1
    ends = [at + len(mark) for mark in (b"\n\n", b"\n\r\n") if (at := data.find(mark, searched)) >= 0]
    return min(ends, default=-1)
