"""Places from `osm`: kept this small because every look for a provider imports it."""

from herd.places.plugin import Provider

osm = Provider("osm", "an OpenStreetMap extract that 'herd places import' read", "herd.places.osm")
