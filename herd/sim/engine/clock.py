"""A host's clock: how wrong it is.

A perfect clock shows the simulation's time. A clock may be off by an offset, drift (a quartz is wrong by some
20 parts per million, a bad virtual machine by 1,000), and be stepped, as an operator or NTP does it. As on a
real machine the wall clock takes all three, the monotonic clock only the drift. All in whole nanoseconds, so
that no rounding differs between machines.
"""

from __future__ import annotations

from typing import Final

from herd.sim.engine.native import Ticking

NS_PER_S: Final = 1_000_000_000
EPOCH_S: Final = 1_767_225_600
"""2026-01-01: a simulation begins there unless it is told otherwise, for a log of 1970 looks broken."""


class HostClock(Ticking):
    """The clocks of one host, as functions of the simulation's time in nanoseconds."""

    __slots__ = ("_epoch_ns", "_least_ns", "_most_ns")

    def __init__(self, epoch_ns: int, offset_ns: int = 0, drift_ppm: int = 0) -> None:
        super().__init__()
        self._epoch_ns = epoch_ns
        self.offset_ns = epoch_ns + offset_ns
        self._least_ns = self._most_ns = offset_ns
        self.drift_ppm = drift_ppm

    def off_ns(self, now_ns: int) -> tuple[int, int]:
        """Return how far the wall clock has been off until now: the least (slowest) and the most."""
        off_ns = self.wall_ns(now_ns) - self._epoch_ns - now_ns
        self._least_ns = min(self._least_ns, off_ns)
        self._most_ns = max(self._most_ns, off_ns)
        return self._least_ns, self._most_ns

    def step(self, now_ns: int, by_ns: int) -> None:
        """Set the wall clock forward (or back)."""
        self.off_ns(now_ns)
        self.offset_ns += by_ns
        self.off_ns(now_ns)

    def drift(self, now_ns: int, ppm: int) -> None:
        """Go faster (or slower) from now on: `ppm` microseconds gained a second."""
        self.off_ns(now_ns)
        self.gained_ns = self.monotonic_ns(now_ns) - now_ns
        self.base_ns = now_ns
        self.drift_ppm = ppm
