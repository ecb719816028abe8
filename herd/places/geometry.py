"""Distances on the Earth, and the boxes of latitude and longitude that hold a circle.

The Earth is a sphere here, of its mean radius: against the ellipsoid a distance is off by at most half a
percent, less than what a search radius means to anybody. An index answers for boxes, so a circle is first put
into one or two of them; two, where it crosses the antimeridian. A circle that holds a pole needs every
longitude.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.core.position import Position

EARTH_RADIUS_KM: Final = 6371.0088
"""The mean radius of the ellipsoid WGS 84."""

_MARGIN_DEGREES: Final = 1e-9
"""What every box is wider on each side, a tenth of a millimeter, so that no rounding loses a place on its rim
and that a circle touching the antimeridian meets both of its names, +180 and -180."""


@frozen
class Box:
    """A rectangle of latitudes and longitudes, in degrees, `west` at most `east`."""

    south: float
    north: float
    west: float
    east: float


def distance_from(center: Position) -> Callable[[float, float], float]:
    """Return a function from (latitude, longitude) in degrees to the great-circle distance in kilometers.

    The haversine formula: exact for short distances, where the spherical law of cosines is not.
    """
    latitude, longitude = math.radians(center.latitude), math.radians(center.longitude)
    cosine = math.cos(latitude)

    def distance_km(to_latitude: float, to_longitude: float) -> float:
        other = math.radians(to_latitude)
        north = math.sin((other - latitude) / 2)
        east = math.sin((math.radians(to_longitude) - longitude) / 2)
        chord = north * north + cosine * math.cos(other) * east * east
        return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))

    return distance_km


def boxes_around(center: Position, radius_km: float) -> tuple[Box, ...]:
    """Return one or two boxes that together hold every point within `radius_km` of `center`."""
    angle = radius_km / EARTH_RADIUS_KM
    reach = math.degrees(angle) + _MARGIN_DEGREES
    south, north = center.latitude - reach, center.latitude + reach
    if south <= -90 or north >= 90:  # noqa: PLR2004  # a pole is inside
        return (Box(max(south, -90.0), min(north, 90.0), -180.0, 180.0),)
    # The circle's meridians of contact: wider than `reach`, as meridians draw together towards the poles.
    sine = math.sin(angle) / math.cos(math.radians(center.latitude))
    width = math.degrees(math.asin(min(1.0, sine))) + _MARGIN_DEGREES
    west, east = center.longitude - width, center.longitude + width
    if west < -180:  # noqa: PLR2004  # across the antimeridian
        return Box(south, north, -180.0, east), Box(south, north, west + 360, 180.0)
    if east > 180:  # noqa: PLR2004  # likewise, the other way
        return Box(south, north, west, 180.0), Box(south, north, -180.0, east - 360)
    return (Box(south, north, west, east),)
