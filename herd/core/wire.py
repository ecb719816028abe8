"""Chunks of bytes from a client -> commands.

One regular expression finds every plain IAMAT line of a chunk; where it finds as many as there are lines,
they are the answer. Any other chunk goes to the strict parser, line by line. The strict parser is the
specification; the expression accepts a part of what it accepts, and gives the same commands for it. (A server
that has nothing to do but to answer reports takes them without making commands at all: see `ingest`.)

Commands come out grouped: consecutive IAMATs as one list, so that their replies can be joined into one.

What comes out never depends on how the bytes were cut into chunks.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

from attrs import frozen

from herd.core.position import PLAIN_POSITION, is_position

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
    rb"^(IAMAT ([^ \t\n\r\f\v]{1,%d}+) (" + PLAIN_POSITION + rb") ([0-9]{1,20}+(?:\.[0-9]{1,20}+)?+)\r?\n)"
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
        self.longest_id = longest_plain_id(limits)
        self._find_reports = _fast_expression(self.longest_id).findall
        self._rest = b""
        self._closed = False
        self.is_rest_too_long = False
        """Whether the line that has begun is over the limit; `parse` then says so."""

    def feed(self, chunk: bytes) -> list[Command]:
        """Take the next bytes; return the commands that they complete."""
        return self.parse(self.frame(chunk))

    def frame(self, chunk: bytes) -> bytes:
        """Take the next bytes; return the whole lines that they complete, for `parse` or for `ingest`."""
        if not self._rest and chunk[-1:] == b"\n" and not self._closed:
            return chunk
        if self._closed:
            return b""
        data = self._rest + chunk
        end = data.rfind(b"\n") + 1
        self._rest = data[end:]
        self.is_rest_too_long = len(self._rest) > self._line_bytes
        return data[:end]

    @property
    def has_rest(self) -> bool:
        """Tell whether a line has begun."""
        return bool(self._rest)

    def parse(self, lines: bytes) -> list[Command]:
        """Return the commands in what `frame` gave, whether that is much or nothing."""
        commands = self._parse(lines) if lines else []
        if self.is_rest_too_long and not self._closed:
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
        return self._parse_strictly([line + b"\n" for line in lines_of(lines)])

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


def lines_of(said: bytes) -> list[bytes]:
    r"""Split at `\n` alone, which is left out: `splitlines` would split at a lone `\r` too."""
    lines = said.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _is_radius(text: bytes) -> bool:
    return bool(_PLAIN_DECIMAL.fullmatch(text)) and Decimal(text.decode("ascii")) <= MAX_RADIUS_KM


def _is_bound(text: bytes) -> bool:
    return bool(_WHOLE.fullmatch(text)) and Decimal(text.decode("ascii")) <= MAX_BOUND


def longest_plain_id(limits: Limits) -> int:
    """Return how long a client id may be in a line that is certainly within the limits."""
    return max(1, min(limits.client_id_bytes, limits.line_bytes - _FAST_OVERHEAD))


def _fast_expression(longest_id: int) -> re.Pattern[bytes]:
    return re.compile(_FAST % longest_id, re.MULTILINE)  # the re module caches it
