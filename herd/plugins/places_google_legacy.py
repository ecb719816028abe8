"""Places from `google-legacy`: kept this small because every look for a provider imports it."""

from herd.places.plugin import Provider

google_legacy = Provider(
    "google-legacy",
    "Google's Nearby Search, for projects made before March 2025; needs a key",
    "herd.places.google_legacy",
)
