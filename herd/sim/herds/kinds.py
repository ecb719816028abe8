"""Bytes of a flow -> which messages of the herd they complete: for counting by kind, and by update.

A segment may hold many lines and parts of lines, so each direction of a connection keeps what has come of the
line that is under way. A message counts in the segment that holds its end. The JSON of a WHATSAT's answer is
one message, `places`, however many lines it has.
"""

from __future__ import annotations

from typing import Final

from attrs import define, frozen

CLIENT_KINDS: Final = ("IAMAT", "WHATSAT", "AT", "?", "places")
LINK_KINDS: Final = (
    *("AT", "PING", "PONG", "HERD", "PROOF"),
    *("ROOT", "NODE", "LEAF", "WANT", "GIVE", "TURN", "DONE"),
)
OTHER: Final = "other"
"""Whatever is no message: garbage, and all bytes of TLS."""

_KNOWN: Final = {kind.encode(): kind for kind in (*CLIENT_KINDS, *LINK_KINDS)}
_MOST_BYTES: Final = 16_384
"""What is kept of a line that does not end: no AT line is longer."""


@frozen(slots=True, eq=False)
class Messages:
    """The messages that end in one segment."""

    kinds: tuple[str, ...]
    """The kind of each, in their order."""
    records: tuple[bytes, ...]
    """AT lines, without their endings, in their order."""


_AT: Final = ("AT",)
_ALONE: Final = {kind: Messages((kind,), ()) for kind in (*CLIENT_KINDS, *LINK_KINDS, OTHER)}


@define
class Flow:
    """One direction of one connection."""

    _rest: bytes = b""
    _is_in_places: bool = False

    def feed(self, data: bytes) -> Messages:
        """Take the next segment; return the messages that end in it."""
        is_fresh = not self._rest and not self._is_in_places and data[:1] != b"{"
        if is_fresh and data.find(b"\n") == len(data) - 1 >= 0:
            return _of_one_line(data)
        kinds: list[str] = []
        records: list[bytes] = []
        *lines, rest = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = rest[:_MOST_BYTES]
        for line in lines:
            if self._is_in_places:
                if line in {b"", b"\r"}:
                    self._is_in_places = False
                    kinds.append("places")
            elif line.startswith(b"{"):
                self._is_in_places = True
            else:
                kind = kind_of(line)
                kinds.append(kind)
                if kind == "AT":
                    records.append(line.rstrip(b"\r"))
        return Messages(tuple(kinds), tuple(records))


def _of_one_line(line: bytes) -> Messages:
    """Return the message of a segment that is one line: most are."""
    kind = kind_of(line)
    if kind == "AT":
        return Messages(_AT, (line[:-1].rstrip(b"\r"),))
    return _ALONE[kind]


def kind_of(line: bytes) -> str:
    """Return the kind of a line, with its ending or without."""
    words = line.split(None, 1)
    return _KNOWN.get(words[0], OTHER) if words else OTHER
