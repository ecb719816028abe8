"""Distances and boxes, against what is known of the Earth and against every point tried."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from herd.core.position import Position
from herd.places.geometry import EARTH_RADIUS_KM, boxes_around, distance_from

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
positions = st.builds(Position, latitudes, longitudes)

QUARTER_KM = math.pi * EARTH_RADIUS_KM / 2


@pytest.mark.parametrize(
    ("start", "end", "expected_km"),
    [
        (Position(0, 0), Position(0, 0), 0),
        (Position(0, 0), Position(1, 0), 111.195),
        (Position(60, 10), Position(60, 11), 55.597),
        (Position(0, 179.5), Position(0, -179.5), 111.195),
        (Position(89.5, 0), Position(89.5, 180), 111.195),
        (Position(90, 0), Position(90, 123), 0),
        (Position(90, 0), Position(0, 77), QUARTER_KM),
        (Position(0, 0), Position(0, 180), 2 * QUARTER_KM),
        (Position(34.06893, -118.445127), Position(33.9425, -118.40805), 14.468),
    ],
)
def test_known_distances(start: Position, end: Position, expected_km: float) -> None:
    assert distance_from(start)(end.latitude, end.longitude) == pytest.approx(expected_km, abs=1e-3)


@given(positions, positions)
def test_a_distance_is_the_same_both_ways(one: Position, other: Position) -> None:
    there = distance_from(one)(other.latitude, other.longitude)
    assert there == pytest.approx(distance_from(other)(one.latitude, one.longitude), abs=1e-6)
    assert 0 <= there <= 2 * QUARTER_KM + 1e-6


@given(positions, st.floats(0, 50), st.floats(0, 1), st.floats(0, 2 * math.pi))
@example(Position(0, 180), 0.0, 0.0, 0.0)
@example(Position(89.9, 10), 50.0, 1.0, 0.0)
def test_every_point_of_a_circle_is_in_its_boxes(
    center: Position, radius_km: float, share: float, bearing: float
) -> None:
    point = travel(center, radius_km * share, bearing)
    assume(distance_from(center)(point.latitude, point.longitude) <= radius_km)
    boxes = boxes_around(center, radius_km)
    assert any(
        box.south <= point.latitude <= box.north and box.west <= point.longitude <= box.east for box in boxes
    )


@given(positions, st.floats(0, 50))
def test_boxes_are_few_within_range_and_not_much_larger_than_the_circle(
    center: Position, radius_km: float
) -> None:
    boxes = boxes_around(center, radius_km)
    assert 1 <= len(boxes) <= 2
    reach = math.degrees(radius_km / EARTH_RADIUS_KM) + 1e-8
    for box in boxes:
        assert box.south <= box.north
        assert -180 <= box.west <= box.east <= 180 or len(boxes) == 1
        assert center.latitude - reach <= box.south
        assert box.north <= center.latitude + reach


@pytest.mark.parametrize("longitude", [180.0, -180.0])
def test_a_point_on_the_antimeridian_has_both_its_names(longitude: float) -> None:
    boxes = boxes_around(Position(10, longitude), 0)
    assert any(box.east == 180 for box in boxes)
    assert any(box.west == -180 for box in boxes)


def travel(start: Position, way_km: float, bearing: float) -> Position:
    """Go `way_km` from `start`, in radians clockwise from north, along a great circle."""
    angle, latitude = way_km / EARTH_RADIUS_KM, math.radians(start.latitude)
    sine = math.sin(latitude) * math.cos(angle) + math.cos(latitude) * math.sin(angle) * math.cos(bearing)
    there = math.asin(max(-1.0, min(1.0, sine)))
    east = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(latitude),
        math.cos(angle) - math.sin(latitude) * math.sin(there),
    )
    longitude = (start.longitude + math.degrees(east) + 540) % 360 - 180
    return Position(math.degrees(there), longitude)
