"""What OpenStreetMap's tags say of a place: shared by extracts and by Overpass.

A place is an object with a name. Objects that are not points count only if one of the keys below says that
they are somewhere to go: else every named street would be one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ATTRIBUTION: Final = (
    '&copy; <a href="https://www.openstreetmap.org/copyright">OpenStreetMap</a> contributors,'
    ' <a href="https://opendatacommons.org/licenses/odbl/">ODbL</a>'
)

KINDS: Final = (
    "amenity", "shop", "tourism", "leisure", "historic", "office", "craft", "healthcare",
    "public_transport", "railway", "aeroway", "place", "natural", "building",
)  # fmt: skip
"""Keys whose presence makes something a place, what people look for first."""


def types_of(tags: Mapping[str, str]) -> list[str]:
    """Return types like Google's: `cafe` of `amenity=cafe`, `building` of `building=yes`."""
    types = [key if tags[key] == "yes" else tags[key] for key in KINDS if key in tags]
    # A value may be a list (`restaurant;bar`), and mappers write what they like.
    words = [word for each in types for word in each.replace(";", " ").split()]
    return list(dict.fromkeys(words)) or ["point_of_interest"]


def vicinity_of(tags: Mapping[str, str]) -> str:
    """Return the address as far as it is known: `Street 1, City`."""
    street = " ".join(tags[key] for key in ("addr:street", "addr:housenumber") if key in tags)
    return ", ".join(word for word in (street, tags.get("addr:city", "")) if word)
