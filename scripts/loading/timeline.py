"""How the load went over time: what each process had done at its samples, joined to one curve."""

from __future__ import annotations

from bisect import bisect_right

from attrs import define, field
from loading.generator import Sample


@define
class Timeline:
    """Samples by process, in the order of time."""

    processes: int
    samples: dict[int, list[Sample]] = field(factory=dict)

    def add(self, process: int, sample: Sample) -> None:
        """Take a process's next sample."""
        self.samples.setdefault(process, []).append(sample)

    @property
    def now(self) -> tuple[float, int, int, float]:
        """Return the latest seconds, answers and errors of all processes, and the worst p99 in ms so far."""
        latest = [samples[-1] for samples in self.samples.values()]
        return (
            max((each.at_s for each in latest), default=0.0),
            sum(each.answered for each in latest),
            sum(each.failed for each in latest),
            max((each.p99_ms for each in latest), default=0.0),
        )

    def rates(self) -> list[tuple[float, float]]:
        """Return (seconds, answers per second since the pair before), at the moments of the first process."""
        if len(self.samples) < self.processes:
            return []
        until_s = min(samples[-1].at_s for samples in self.samples.values())
        moments = [each.at_s for each in self.samples[min(self.samples)] if each.at_s <= until_s]
        rates: list[tuple[float, float]] = []
        before_s, before = 0.0, 0.0
        for at_s in moments:
            answered = sum(_answered(samples, at_s) for samples in self.samples.values())
            rates.append((at_s, (answered - before) / (at_s - before_s)))
            before_s, before = at_s, answered
        return rates


def _answered(samples: list[Sample], at_s: float) -> float:
    """Return how many answers there were at a moment, between two samples on the line through them."""
    after = bisect_right(samples, at_s, key=lambda each: each.at_s)
    if after == len(samples):
        return float(samples[-1].answered)
    from_s, have = (samples[after - 1].at_s, samples[after - 1].answered) if after else (0.0, 0)
    share = (at_s - from_s) / (samples[after].at_s - from_s)
    return have + share * (samples[after].answered - have)
