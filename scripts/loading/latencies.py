"""Latencies in a bounded space: an HDR histogram, three significant digits from a microsecond to an hour.

The histogram is HdrHistogram's own for Python, so what `--json` gives of it can be read, merged and plotted
by every tool that knows HDR histograms. It takes over a microsecond to record one value, but any number of
equal ones at once: so equal ones are counted first, and recorded together.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

try:
    from hdrh.histogram import HdrHistogram
except ModuleNotFoundError as error:
    raise SystemExit(f"{error.name} is not installed here: run scripts/setup first") from None

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_US: Final = 3_600_000_000
DIGITS: Final = 3
PERCENTILES: Final = (50.0, 90.0, 99.0, 99.9)

_MOST_COUNTED: Final = 20_000
"""Different values that are counted before they are recorded: a megabyte or two."""


class Latencies:
    """Times in whole microseconds."""

    def __init__(self) -> None:
        self._histogram: Any = HdrHistogram(1, LONGEST_US, DIGITS)
        self._counted: Counter[int] = Counter()

    def add(self, us: int, times: int = 1) -> None:
        """Count one time, as often as it occurred."""
        self._counted[us] += times

    def add_all(self, us: Iterable[int]) -> None:
        """Count many times."""
        self._counted.update(us)
        if len(self._counted) > _MOST_COUNTED:
            self._record()

    def _record(self) -> None:
        for us, times in self._counted.items():
            self._histogram.record_value(min(max(us, 0), LONGEST_US), times)
        self._counted.clear()

    @property
    def count(self) -> int:
        """Return how many times were counted."""
        self._record()
        return int(self._histogram.get_total_count())

    def percentile_ms(self, percent: float) -> float:
        """Return the milliseconds that so many percent of all times did not exceed; 0 if there are none."""
        self._record()
        return self._ms(self._histogram.get_value_at_percentile(percent))

    def summary_ms(self) -> dict[str, float]:
        """Return the usual percentiles and the greatest time, in milliseconds."""
        self._record()
        found: dict[float, int] = self._histogram.get_percentile_to_value_dict([*PERCENTILES, 100.0])
        named = {f"p{percent:g}": self._ms(found.get(percent, 0)) for percent in PERCENTILES}
        return {**named, "max": self._ms(found.get(100.0, 0))}

    def _ms(self, us: int) -> float:
        return float(min(us, self._histogram.max_value)) / 1000

    def curve_ms(self) -> list[tuple[float, float]]:
        """Return pairs: the share of all times that were no longer, and milliseconds; both grow."""
        count = max(1, self.count)
        return [
            (item.total_count_to_this_value / count, item.value_iterated_to / 1000)
            for item in self._histogram.get_recorded_iterator()
        ]

    def encoded(self) -> str:
        """Return the histogram (of microseconds) in HdrHistogram's own compressed form, base64."""
        self._record()
        text: bytes = self._histogram.encode()
        return text.decode("ascii")

    def add_encoded(self, text: str) -> None:
        """Add what another one has counted."""
        self._histogram.decode_and_add(text)
