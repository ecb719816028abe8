"""The nearest places in a crowd, without looking at the crowd.

A box around a city at 50 km may hold a hundred thousand places, and the twenty nearest are wanted. An R*Tree
is boxes within boxes, so they are taken from the inside: a queue holds boxes by the least distance that
anything in them can have, and places by their own; whichever is nearest comes out next, a box to be opened, a
place to be kept. What is farther than the last place kept is never looked at.

SQLite has no such search, but keeps the boxes in a table of its own, whose layout is part of its file format:
a node is two 16-bit numbers (its level, for the root alone, and how many entries it has) and the entries,
each a 64-bit number (of a node, or on the lowest level of a place) and the box as 32-bit floats, rounded
outwards.
"""

from __future__ import annotations

import heapq
import math
import struct
from typing import TYPE_CHECKING, Final

from herd.places.geometry import EARTH_RADIUS_KM, distance_from

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from herd.core.position import Position

_HEAD: Final = struct.Struct(">HH")
_ENTRY: Final = struct.Struct(">qffff")
_ROOT: Final = 1

_ROUNDING_KM: Final = 1e-6
"""A millimeter, by which the distance of a box is taken to be less than computed."""

_NODE: Final = "SELECT data FROM tree_node WHERE nodeno = ?"
_POINT: Final = "SELECT latitude, longitude FROM place WHERE id = ?"


def nearest(
    database: sqlite3.Connection, center: Position, radius_km: float, bound: int
) -> list[tuple[float, int]]:
    """Return (distance in kilometers, row) of the `bound` nearest places within the radius, nearest first.

    Where others are exactly as far as the last of them they are returned too.
    """
    distance_km, at_least_km = distance_from(center), _distance_to_box(center)
    (root,) = database.execute(_NODE, (_ROOT,)).fetchone()
    # What is in the queue: a distance, the level (of a node from 0 up, -1 for an entry of the lowest, -2 for
    # a place whose exact distance is known), and the number of the node or place.
    queue: list[tuple[float, int, int]] = [(0.0, _HEAD.unpack_from(root)[0], _ROOT)]
    kept: list[tuple[float, int]] = []
    while queue:
        near_km, level, number = heapq.heappop(queue)
        if near_km > radius_km or (len(kept) >= bound and near_km > kept[bound - 1][0]):
            break
        if level == -2:  # noqa: PLR2004  # see above
            kept.append((near_km, number))
        elif level == -1:
            latitude, longitude = database.execute(_POINT, (number,)).fetchone()
            heapq.heappush(queue, (distance_km(latitude, longitude), -2, number))
        else:
            for child, *box in _entries(database, number):
                heapq.heappush(queue, (at_least_km(*box), level - 1, child))
    return kept


def _entries(database: sqlite3.Connection, node: int) -> Iterator[tuple[int, float, float, float, float]]:
    """Yield the entries of a node: number, south, north, west, east."""
    (data,) = database.execute(_NODE, (node,)).fetchone()
    _, count = _HEAD.unpack_from(data)
    return _ENTRY.iter_unpack(data[_HEAD.size : _HEAD.size + count * _ENTRY.size])


def _distance_to_box(center: Position) -> Callable[[float, float, float, float], float]:
    """Return a function from a box to a distance in kilometers that nothing in it is nearer than.

    Two bounds hold, and the greater is taken: that of the difference in latitude; and, for a box to the east
    or west, the distance of the meridian that is its nearer side. Beyond a quarter of the Earth a meridian is
    nearest at its pole.
    """
    latitude, longitude = center.latitude, center.longitude
    cosine = math.cos(math.radians(latitude))
    to_pole = math.radians(90 - abs(latitude))

    def at_least_km(south: float, north: float, west: float, east: float) -> float:
        angle = math.radians(max(south - latitude, latitude - north, 0.0))
        if not west <= longitude <= east:
            aside = min((west - longitude) % 360, (longitude - east) % 360)
            to_side = math.asin(cosine * math.sin(math.radians(aside))) if aside < 90 else to_pole  # noqa: PLR2004
            angle = max(angle, to_side)
        return max(0.0, angle * EARTH_RADIUS_KM - _ROUNDING_KM)

    return at_least_km
