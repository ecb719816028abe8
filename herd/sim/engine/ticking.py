"""What a clock shows: the simulation's time, and how far it is off."""

from __future__ import annotations

from typing import Final

_MILLION: Final = 1_000_000


class Ticking:
    """The readings of one host's clocks, as functions of the simulation's time in nanoseconds."""

    __slots__ = ("base_ns", "drift_ppm", "gained_ns", "offset_ns")

    def __init__(self) -> None:
        self.drift_ppm = 0
        """How many microseconds it gains a second."""
        self.base_ns = 0
        """Since when it does."""
        self.gained_ns = 0
        """What it had gained by then."""
        self.offset_ns = 0
        """From the monotonic clock to the wall clock."""

    def monotonic_ns(self, now_ns: int) -> int:
        """Return nanoseconds since the simulation began, by this clock."""
        if not self.drift_ppm:
            return now_ns + self.gained_ns
        return now_ns + self.gained_ns + (now_ns - self.base_ns) * self.drift_ppm // _MILLION

    def wall_ns(self, now_ns: int) -> int:
        """Return the time since 1970 in nanoseconds, by this clock."""
        return self.monotonic_ns(now_ns) + self.offset_ns

    def true_ns(self, local_ns: int) -> int:
        """Return how long a span of this clock takes in truth, rounded up."""
        if not self.drift_ppm:
            return local_ns
        return -(-local_ns * _MILLION // (_MILLION + self.drift_ppm))
