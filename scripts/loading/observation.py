"""What an observer is asked, and what it answers; apart from it, because only the observer needs Twisted."""

from __future__ import annotations

from attrs import frozen
from loading.sightings import Seen

from herd.config.model import Config


@frozen(kw_only=True)
class Observation:
    """What is to be observed: the load of these clients, as `name` of a herd."""

    config: Config
    name: str
    client_prefix: bytes
    offset_ns: int

    @property
    def servers(self) -> tuple[str, ...]:
        """Return the servers that can be observed."""
        return self.config.server(self.name).neighbors


@frozen(kw_only=True)
class Observed:
    """What was seen. `lost`: why links ended before the load did. `busy_s`: running, or waiting to run."""

    servers: dict[str, Seen]
    everywhere: Seen
    lost: list[str]
    cpu_s: float
    busy_s: float
    whole_s: float
