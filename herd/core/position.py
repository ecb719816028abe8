"""Where a client is: ISO 6709 decimal degrees, a sign on both numbers.

`+34.068930-118.445127` is a position, and so are `+34-118` and `-0.0+0.0`. A missing sign, one number alone,
an exponent, `nan`, a point without a digit on both sides, or a number out of range are not. The range is
checked on the exact decimal: `+90.0000000000000000001+0` is refused where a float would have rounded it in.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from attrs import frozen

MAX_LATITUDE: Final = Decimal(90)
MAX_LONGITUDE: Final = Decimal(180)

PLAIN_POSITION: Final = (
    rb"[+-](?:[0-8]?[0-9](?:\.[0-9]{1,20}+)?+|90)[+-](?:(?:1[0-7][0-9]|[0-9]{1,2}+)(?:\.[0-9]{1,20}+)?+|180)"
)
"""A position as programs send it, for quick expressions: a part of what `is_position` accepts."""
USUAL_POSITION: Final = rb"[+-](?:[0-8][0-9]?+|9)\.[0-9]{1,20}+[+-](?:1[0-7][0-9]|[0-9][0-9]?+)\.[0-9]{1,20}+"
"""A plain position with decimals in both numbers, which is quicker to tell."""

_NUMBER: Final = rb"[+-][0-9]+(?:\.[0-9]+)?"
_POSITION: Final = re.compile(rb"(%b)(%b)" % (_NUMBER, _NUMBER))


@frozen
class Position:
    """A point on the Earth: degrees north and degrees east."""

    latitude: float
    longitude: float


def is_position(text: bytes) -> bool:
    """Tell whether `text` is a position, exactly."""
    match = _POSITION.fullmatch(text)
    if match is None:
        return False
    latitude, longitude = match.groups()
    return (  # copy_abs: abs would round to the context's 28 digits
        Decimal(latitude.decode("ascii")).copy_abs() <= MAX_LATITUDE
        and Decimal(longitude.decode("ascii")).copy_abs() <= MAX_LONGITUDE
    )


def parse_position(text: bytes) -> Position:
    """Read a position that `is_position` accepts; anything else is a `ValueError`."""
    match = _POSITION.fullmatch(text)
    if match is None or not is_position(text):
        raise ValueError(f"not an ISO 6709 position: {text!r}")
    latitude, longitude = match.groups()
    return Position(float(latitude), float(longitude))
