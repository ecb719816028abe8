"""How long to wait before trying again: exponential, with jitter.

The jitter keeps servers that lost the same neighbor from dialing it in step. It comes from an injected
source, so a simulated herd waits alike in every run of one seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random


class Backoff:
    """Waits that double from `min_s` up to `max_s`, each shortened by up to a half."""

    def __init__(self, min_s: float, max_s: float, source: random.Random) -> None:
        self._min_s = min_s
        self._max_s = max_s
        self._source = source
        self._ceiling_s = min_s

    def next_s(self, spent_s: float = 0.0) -> float:
        """Return the next wait in seconds, after an attempt that took `spent_s`.

        An attempt that was never answered takes seconds, the same for all. A wait of a tenth of a second
        would leave those who began together in step, so the wait is drawn as if it were as long as the
        attempt.
        """
        ceiling_s = max(self._ceiling_s, min(spent_s, self._max_s))
        wait_s = ceiling_s * self._source.uniform(0.5, 1)
        self._ceiling_s = min(self._max_s, 2 * self._ceiling_s)
        return wait_s

    def reset(self) -> None:
        """Begin again, after a success."""
        self._ceiling_s = self._min_s
