"""The client protocol once more, as the checker reads it: what is valid, what answers it, what a line says.

Nothing here is shared with the servers that are judged, so that one mistake cannot hide in both. It is
written to be read next to the protocol, not to be quick: no two rules are folded into one.
"""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import Final

_BLANKS: Final = re.compile(rb"[ \t\n\r\f\v]+")
_NUMERAL: Final = re.compile(rb"[0-9]+(?:\.[0-9]+)?")
_COUNT: Final = re.compile(rb"[0-9]+")
_POSITION: Final = re.compile(rb"[+-]([0-9]+(?:\.[0-9]+)?)[+-]([0-9]+(?:\.[0-9]+)?)")
_EXACT: Final = Context(prec=10_000)
"""No line has so many digits."""
_NS_DECIMALS: Final = 9


def is_report(command: bytes, client_id_bytes: int) -> bool:
    """Tell whether a line is a valid IAMAT, for a server that takes ids of that length."""
    fields = fields_of_command(command)
    if len(fields) != 4 or fields[0] != b"IAMAT" or len(fields[1]) > client_id_bytes:  # noqa: PLR2004
        return False
    position = _POSITION.fullmatch(fields[2])
    if position is None or _NUMERAL.fullmatch(fields[3]) is None:
        return False
    return exact(position[1]) <= 90 and exact(position[2]) <= 180  # noqa: PLR2004 - degrees


def is_query(command: bytes, client_id_bytes: int) -> bool:
    """Tell whether a line is a valid WHATSAT, likewise."""
    fields = fields_of_command(command)
    if len(fields) != 4 or fields[0] != b"WHATSAT" or len(fields[1]) > client_id_bytes:  # noqa: PLR2004
        return False
    if _NUMERAL.fullmatch(fields[2]) is None or _COUNT.fullmatch(fields[3]) is None:
        return False
    return exact(fields[2]) <= 50 and exact(fields[3]) <= 20  # noqa: PLR2004 - kilometers, places


def fields_of_command(command: bytes) -> list[bytes]:
    """Return the fields of a line."""
    return [each for each in _BLANKS.split(command) if each]


def ending_of(command: bytes) -> bytes:
    r"""Return how the answer to a line ends: with `\r\n` if the line does, else with `\n`."""
    return b"\r\n" if command[-2:] == b"\r\n" else b"\n"


def refusal(command: bytes) -> bytes:
    """Return the answer to an invalid line: its own bytes, with an ending where it has none."""
    return b"? " + command + (b"" if command[-1:] == b"\n" else b"\n")


def exact(numeral: bytes) -> Decimal:
    """Read a plain decimal with all its digits."""
    return Decimal(numeral.decode("ascii"))


def time_of(line: bytes) -> Decimal:
    """Return the client's time in an AT line without its ending, in seconds."""
    return exact(line.split(b" ")[5])


@lru_cache(maxsize=4096)
def received_ns(line: bytes) -> int:
    """Return when the origin of an AT line received it, in POSIX nanoseconds of its clock, rounded down."""
    fields = line.split(b" ")
    received = _EXACT.add(exact(fields[2]), exact(fields[5]))
    return int(received.scaleb(_NS_DECIMALS, _EXACT).to_integral_value(ROUND_FLOOR, _EXACT))
