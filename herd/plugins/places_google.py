"""Places from `google`: kept this small because every look for a provider imports it."""

from herd.places.plugin import Provider

google = Provider("google", "Google's Places API (New); needs a key", "herd.places.google")
