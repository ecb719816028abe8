"""Chunks of bytes from a client -> commands.

This is the hot path, so it works on a whole chunk at a time. One regular expression finds every well-formed
IAMAT line of the chunk; where it finds as many as there are lines, they are the answer. Any other chunk goes
to the strict parser, line by line. The strict parser is the specification; the expression accepts a part of
what it accepts, and gives the same commands for it.

Commands come out grouped: consecutive IAMATs as one list, so that their replies can be joined into one.

What comes out never depends on how the bytes were cut into chunks.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

from herd.core.position import is_position

if TYPE_CHECKING:
    from herd.core.limits import Limits

Reports: TypeAlias = list[tuple[bytes, bytes, bytes, bytes]]
"""IAMATs in a row: the whole line, client id, position and time of each, as they came."""

MAX_RADIUS_KM: Final = 50
MAX_BOUND: Final = 20

_TIME: Final = re.compile(rb"[0-9]+(?:\.[0-9]+)?")
_PLAIN_DECIMAL: Final = _TIME
_WHOLE: Final = re.compile(rb"[0-9]+")

# What a fast IAMAT may be besides its client id: "IAMAT", blanks, two 25-digit degrees, a time, an ending.
_FAST_OVERHEAD: Final = 160
_FAST: Final = (
    rb"^(IAMAT ([^ \t\n\r\f\v]{1,%d}) "
    rb"([+-](?:[0-8]?[0-9](?:\.[0-9]{1,20})?|90)[+-](?:(?:1[0-7][0-9]|[0-9]{1,2})(?:\.[0-9]{1,20})?|180)) "
    rb"([0-9]{1,20}(?:\.[0-9]{1,20})?)\r?\n)"
)


@frozen
class Whatsat:
    """A valid WHATSAT; whether its client is known is for the cache to say."""

    client_id: bytes
    radius_km: float
    bound: int
    line: bytes
    ending: bytes


@frozen
class Invalid:
    """A line that is no command, as it came; `refusal` makes its answer."""

    line: bytes


@frozen
class TooLong:
    """A line over the limit. It is the last thing that a parser gives: the connection is to be closed."""

    limit: int


Command: TypeAlias = Reports | Whatsat | Invalid | TooLong


class CommandParser:
    """The bytes of one connection -> commands."""

    def __init__(self, limits: Limits) -> None:
        self._line_bytes = limits.line_bytes
        self._client_id_bytes = limits.client_id_bytes
        self._find_reports = _fast_expression(limits).findall
        self._rest = b""
        self._closed = False

    def feed(self, chunk: bytes) -> list[Command]:
        """Take the next bytes; return the commands that they complete."""
        if self._closed:
            return []
        data = self._rest + chunk if self._rest else chunk
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        commands = self._parse(data[:end]) if end else []
        if len(self._rest) > self._line_bytes and not self._closed:
            commands.append(self._too_long())
        return commands

    def finish(self) -> list[Command]:
        """Take the end of the input: a last line with no ending is a command too."""
        last, self._rest = self._rest, b""
        if self._closed or not last:
            return []
        return self._parse_strictly([last])

    def _parse(self, lines: bytes) -> list[Command]:
        reports = self._find_reports(lines)
        if len(reports) == lines.count(b"\n"):
            return [reports]
        return self._parse_strictly(_split(lines))

    def _parse_strictly(self, lines: list[bytes]) -> list[Command]:
        commands: list[Command] = []
        run: Reports | None = None
        for line in lines:
            if len(line) > self._line_bytes:
                commands.append(self._too_long())
                break
            command = parse_line(line, self._client_id_bytes)
            if isinstance(command, tuple):
                if run is None:
                    run = []
                    commands.append(run)
                run.append(command)
            else:
                run = None
                commands.append(command)
        return commands

    def _too_long(self) -> TooLong:
        self._closed = True
        self._rest = b""
        return TooLong(self._line_bytes)


def parse_line(line: bytes, client_id_bytes: int) -> tuple[bytes, bytes, bytes, bytes] | Whatsat | Invalid:
    """Parse one line, its ending (or none, at the end of the input) included. This is the specification."""
    fields = line.split()
    if len(fields) != 4 or len(fields[1]) > client_id_bytes:  # noqa: PLR2004 - both commands have four fields
        return Invalid(line)
    name, client_id, third, fourth = fields
    if name == b"IAMAT" and is_position(third) and _TIME.fullmatch(fourth):
        return line, client_id, third, fourth
    if name == b"WHATSAT" and _is_radius(third) and _is_bound(fourth):
        return Whatsat(client_id, float(third), int(fourth.lstrip(b"0") or b"0"), line, ending_of(line))
    return Invalid(line)


def ending_of(line: bytes) -> bytes:
    r"""Return how the answer to a line ends: as the line did, or with `\n` where it had no ending."""
    return b"\r\n" if line.endswith(b"\r\n") else b"\n"


def refusal(line: bytes) -> bytes:
    """Return the answer to an invalid command: a question mark, a space, and the command's own bytes."""
    return b"? " + line if line.endswith(b"\n") else b"? " + line + b"\n"


def _split(lines: bytes) -> list[bytes]:
    r"""Split at `\n` alone: `splitlines` would split at a lone `\r` too."""
    return [line + b"\n" for line in lines.split(b"\n")[:-1]]


def _is_radius(text: bytes) -> bool:
    return bool(_PLAIN_DECIMAL.fullmatch(text)) and Decimal(text.decode("ascii")) <= MAX_RADIUS_KM


def _is_bound(text: bytes) -> bool:
    return bool(_WHOLE.fullmatch(text)) and Decimal(text.decode("ascii")) <= MAX_BOUND


def _fast_expression(limits: Limits) -> re.Pattern[bytes]:
    longest = max(1, min(limits.client_id_bytes, limits.line_bytes - _FAST_OVERHEAD))
    return re.compile(_FAST % longest, re.MULTILINE)  # the re module caches it
