"""How long a packet is under way over a link that has no other business than its latency.

Each segment asks, so the three latencies that are common are told once. Any other, and what depends on more
than one packet (bandwidth), is asked for by `other_delay_ns`.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.draws import Draws
    from herd.sim.engine.host import Host

NS_PER_MS: Final = 1_000_000


class Delays:
    """What is asked of a link for each packet."""

    _draw_ns: Callable[[], int] | None
    __slots__ = (
        "_constant_ns",
        "_draw_ns",
        "blocked",
        "extra_ns",
        "is_lossy",
        "spoils_datagrams",
        "target",
    )

    def __init__(self, target: Host) -> None:
        self.target = target
        """Whose kernel gets what arrives."""
        self.extra_ns = 0
        """What a fault adds to each delay."""
        self.blocked = 0
        """How many faults let nothing pass."""
        self.is_lossy = False
        """Whether packets get lost by chance."""
        self.spoils_datagrams = False
        """Whether datagrams may be doubled, damaged or held back."""
        self.be_other()

    def be_constant(self, delay_ns: int) -> None:
        """Take the same delay from now on."""
        self._constant_ns = delay_ns

    def be_uniform(self, stream: Draws, low_ns: int, high_ns: int) -> None:
        """Draw any delay between two from now on."""
        self._constant_ns = -1
        self._draw_ns = partial(stream.integer, low_ns, high_ns)

    def be_log_normal(self, stream: Draws, median_ms: float, sigma: float) -> None:
        """Draw delays from a log-normal distribution from now on."""
        self._constant_ns = -1
        self._draw_ns = partial(_log_normal_ns, stream.normal, median_ms, sigma)

    def be_other(self) -> None:
        """Have `other_delay_ns` asked from now on."""
        self._constant_ns = -1
        self._draw_ns = None

    def other_delay_ns(self, now_ns: int, size: int) -> int:
        """Draw a delay: whoever inherits from this does it."""
        raise NotImplementedError

    def delay_ns(self, now_ns: int, size: int) -> int:
        """Draw how long a packet of `size` bytes that leaves now is under way."""
        delay = self._constant_ns
        if delay >= 0:
            return delay + self.extra_ns
        draw = self._draw_ns
        return self.other_delay_ns(now_ns, size) if draw is None else draw() + self.extra_ns


def _log_normal_ns(normal: Callable[[], float], median_ms: float, sigma: float) -> int:
    return round(median_ms * math.exp(sigma * normal()) * NS_PER_MS)
