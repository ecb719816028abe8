"""What a server is given of the world, so that it takes no clock, randomness or reactor from elsewhere."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen


@frozen
class World:
    """A reactor (sockets and timers), a wall clock in POSIX nanoseconds, randomness, and an environment."""

    reactor: Any
    wall_ns: Callable[[], int]
    random: random.Random
    environ: Mapping[str, str] = field(factory=dict)
    """Where the secret of the links may stand."""

    def token(self) -> str:
        """Draw a fresh 128-bit number as text: an instance, a nonce."""
        return f"{self.random.getrandbits(128):032x}"
