"""Places from `overpass`: kept this small because every look for a provider imports it."""

from herd.places.plugin import Provider

overpass = Provider("overpass", "an Overpass server of OpenStreetMap that you name", "herd.places.overpass")
