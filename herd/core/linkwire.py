r"""Chunks of bytes on a link, after its handshake -> messages.

    AT <origin> <difference> <client id> <position> <time>   a record
    PING <n>                                                 the sender has sent n records on this link so far
    PONG <n>                                                 the sender has read n records on this link so far
    ROOT, NODE, LEAF, WANT, GIVE, TURN, DONE                 reconciliation, see `reconcile`

Lines end with `\n` alone, and an AT line is taken only in the one form in which a server makes it, because
the line is the record. Neighbors are no strangers, so anything else is a `LinkError`, which ends the link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

from herd.core.errors import LinkError
from herd.core.position import PLAIN_POSITION, is_position
from herd.core.reconcile import Step, parse_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.core.limits import Limits

Records: TypeAlias = list[tuple[bytes, bytes]]
"""AT lines in a row, without their endings, each with its client id."""

_FIELDS: Final = re.compile(
    rb"AT [^ \t\n\r\f\v]+ [+-][0-9]+\.[0-9]{9} ([^ \t\n\r\f\v]+) ([^ ]+) [0-9]+(?:\.[0-9]+)?"
)
_FAST: Final = re.compile(
    rb"^(AT [^ \t\n\r\f\v]++ [+-][0-9]++\.[0-9]{9} ([^ \t\n\r\f\v]++) " + PLAIN_POSITION + rb" "
    rb"[0-9]++(?:\.[0-9]++)?+)\n",
    re.MULTILINE,
)
_HEARTBEAT: Final = b"P"
"""How PING and PONG begin, and nothing else does."""
_COUNT: Final = re.compile(rb"(PING|PONG) ([0-9]{1,18})")


@frozen
class Ping:
    """The neighbor asks how far this server has read."""

    sent: int


@frozen
class Pong:
    """The neighbor has read so far."""

    read: int


Message: TypeAlias = Records | Ping | Pong | Step


def max_link_line_bytes(limits: Limits) -> int:
    """Return the longest line of a link.

    An AT line holds a client's line, the digits of its time once more, an origin and a difference; a line of
    reconciliation 200 fingerprints.
    """
    return max(2 * limits.line_bytes + 512, 4096)


def is_record(line: bytes, client_id: bytes) -> bool:
    """Tell whether `line` is an AT line of `client_id`, in the form in which a server makes it."""
    match = _FIELDS.fullmatch(line)
    return match is not None and match[1] == client_id and is_position(match[2])


def rows_of(lines: bytes) -> Iterator[bytes]:
    """Cut whole lines where heartbeats stand among records, so that rows of records are taken in one go."""
    begin = 0
    while begin < len(lines):
        if lines.startswith(_HEARTBEAT, begin):
            end = lines.index(b"\n", begin) + 1
        else:
            end = lines.find(b"\n" + _HEARTBEAT, begin) + 1 or len(lines)
        yield lines[begin:end]
        begin = end


class LinkParser:
    """The bytes of one link -> messages."""

    def __init__(self, limits: Limits) -> None:
        self.longest_line = max_link_line_bytes(limits)
        self.longest_id = limits.client_id_bytes
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Message]:
        """Take the next bytes; return the messages that they complete."""
        return self.parse(self.frame(chunk))

    def frame(self, chunk: bytes) -> bytes:
        """Take the next bytes; return the whole lines that they complete, for `parse` or for `learn`."""
        if not self._rest and chunk[-1:] == b"\n":
            return chunk
        data = self._rest + chunk
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        if len(self._rest) > self.longest_line:
            raise LinkError(f"sent a line of over {self.longest_line} bytes")
        return data[:end]

    def parse(self, lines: bytes) -> list[Message]:
        """Return the messages in what `frame` gave, whether that is much or nothing."""
        if not lines:
            return []
        records = _FAST.findall(lines)
        if len(records) == lines.count(b"\n"):
            for line, client_id in records:
                self._check_sizes(line, client_id)
            return [records]
        messages: list[Message] = []
        run: Records | None = None
        for line in lines.split(b"\n")[:-1]:
            message = self._parse_line(line)
            if isinstance(message, tuple):
                if run is None:
                    run = []
                    messages.append(run)
                run.append(message)
            else:
                run = None
                messages.append(message)
        return messages

    def _parse_line(self, line: bytes) -> tuple[bytes, bytes] | Ping | Pong | Step:
        match = _FIELDS.fullmatch(line)
        if match is not None and is_position(match[2]):
            self._check_sizes(line, match[1])
            return line, match[1]
        match = _COUNT.fullmatch(line)
        if match is not None:
            return Ping(int(match[2])) if match[1] == b"PING" else Pong(int(match[2]))
        step = parse_step(line)
        if step is None:
            raise LinkError("sent a line that is no message of the link protocol")
        return step

    def _check_sizes(self, line: bytes, client_id: bytes) -> None:
        if len(line) > self.longest_line:
            raise LinkError(f"sent a line of over {self.longest_line} bytes")
        if len(client_id) > self.longest_id:
            raise LinkError(f"sent a client id of over {self.longest_id} bytes")
