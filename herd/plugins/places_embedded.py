"""Places from `embedded`: kept this small because every look for a provider imports it."""

from herd.places.plugin import Provider

embedded = Provider(
    "embedded", "the gazetteer in the wheel: towns and airports; no key, no network", "herd.places.embedded"
)
