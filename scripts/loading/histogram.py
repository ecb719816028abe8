"""Latencies in a bounded space: counts in buckets, each 2 % wider than the one before."""

from __future__ import annotations

from collections import Counter
from math import ceil, log
from typing import Final

from attrs import define, field

STEP: Final = log(1.02)
LEAST_S: Final = 1e-6


@define
class Histogram:
    """Times in seconds. What is read from it is at most 2 % more than what was put in."""

    buckets: Counter[int] = field(factory=Counter)
    greatest_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one time."""
        self.buckets[ceil(log(max(seconds, LEAST_S) / LEAST_S) / STEP)] += 1
        self.greatest_s = max(self.greatest_s, seconds)

    def percentile(self, percent: float) -> float:
        """Return the seconds that so many percent of all times did not exceed; 0 where there are none."""
        wanted = self.buckets.total() * percent / 100
        counted = 0
        for bucket, count in sorted(self.buckets.items()):
            counted += count
            if counted >= wanted:
                return min(LEAST_S * (1 + 0.02) ** bucket, self.greatest_s)
        return 0.0
