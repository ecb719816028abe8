"""What a server is given of the world, so that it takes no clock, randomness or reactor from elsewhere."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
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
    at_turn_end: Callable[[Callable[[], object]], object] = field()
    """Has a function called once, when all has been read that this turn of the reactor brings."""

    @at_turn_end.default
    def _in_the_next_turn(self) -> Callable[[Callable[[], object]], object]:
        return partial(self.reactor.callLater, 0)

    def token(self) -> str:
        """Draw a fresh 128-bit number as text: an instance, a nonce."""
        return f"{self.random.getrandbits(128):032x}"
