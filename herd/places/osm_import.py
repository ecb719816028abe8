"""Reads an OpenStreetMap extract (.osm.pbf, .osm, ...) into a file of places.

Named points are taken as they are, named closed ways of a kind (parks, buildings) at the center of their
bounds, as Overpass does. Ways know only the numbers of their points, so the file is read three times: ways
first, then the points that they need, then the named points. That keeps in memory what is named and nothing
else, where a table of all points of a country would take gigabytes. Everything unnamed is passed over by
osmium, not by Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from herd.core.errors import HerdError
from herd.places.openstreetmap import ATTRIBUTION, KINDS, types_of, vicinity_of
from herd.places.tree import Place, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from herd.places.tree import Progress


@frozen
class _Way:
    """A named area: its number, the numbers of its points, and its tags."""

    number: int
    points: tuple[int, ...]
    tags: dict[str, str]


def import_osm(source: Path, target: Path, progress: Progress | None = None) -> int:
    """Write the places of the extract `source` to `target` and return how many there are.

    `progress` is told how many are done; the whole is not known before. A `HerdError` says what is missing:
    the package osmium, or a readable file with names in it.
    """
    try:
        import osmium  # noqa: PLC0415  # an extra, and only this needs it
    except ImportError as error:
        raise HerdError("reading OpenStreetMap extracts needs osmium: pip install 'herd[osm]'") from error
    if not source.is_file():
        raise HerdError(f"{source} is no file; give an extract such as region.osm.pbf")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        count = write_tree(
            target,
            _places(osmium, source),
            {"attribution": ATTRIBUTION, "source": source.name},
            progress=progress,
        )
    except (
        RuntimeError,
        ValueError,
    ) as error:  # what osmium raises for a file that is cut, or none of its own
        raise HerdError(f"{source} cannot be read as an OpenStreetMap extract: {error}") from error
    except OSError as error:
        raise HerdError(f"{target} cannot be written: {error.strerror or error}") from error
    if count == 0:
        target.unlink()
        raise HerdError(f"{source} has no named places in it")
    return count


def _places(osmium: Any, source: Path) -> Iterator[Place]:
    named = osmium.filter.KeyFilter("name")
    for node in osmium.FileProcessor(source, osmium.osm.NODE).with_filter(named):
        if node.location.valid():
            tags = _tags(node)
            yield _place(f"osm:node/{node.id}", node.location.lat, node.location.lon, tags)
    ways = list(_areas(osmium, source))
    centers = _locations(osmium, source, (number for way in ways for number in way.points))
    for way in ways:
        known = [centers[number] for number in way.points if number in centers]
        if known:
            latitudes, longitudes = zip(*known, strict=True)
            latitude = (min(latitudes) + max(latitudes)) / 2
            longitude = (min(longitudes) + max(longitudes)) / 2
            yield _place(f"osm:way/{way.number}", latitude, longitude, way.tags)


def _areas(osmium: Any, source: Path) -> Iterator[_Way]:
    reader = osmium.FileProcessor(source, osmium.osm.WAY).with_filter(osmium.filter.KeyFilter("name"))
    for way in reader.with_filter(osmium.filter.KeyFilter(*KINDS)):
        if way.is_closed():
            yield _Way(way.id, tuple({node.ref: None for node in way.nodes}), _tags(way))


def _locations(osmium: Any, source: Path, numbers: Iterable[int]) -> dict[int, tuple[float, float]]:
    wanted = osmium.filter.IdFilter(numbers)
    reader = osmium.FileProcessor(source, osmium.osm.NODE).with_filter(wanted)
    return {node.id: (node.location.lat, node.location.lon) for node in reader if node.location.valid()}


def _tags(thing: Any) -> dict[str, str]:
    return {tag.k: tag.v for tag in thing.tags}


def _place(place_id: str, latitude: float, longitude: float, tags: dict[str, str]) -> Place:
    return Place(tags["name"], latitude, longitude, place_id, " ".join(types_of(tags)), vicinity_of(tags))
