"""What a curve is: a cause that grows, and what must not grow faster than it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import Any, Final

from attrs import asdict, field, frozen

TOLERANCE: Final = 0.15
"""A cost that is flat but for the processor's caches grows by this power at most."""


@frozen
class Cost:
    """A column. `power` is the power of the cause with which it may grow: 0 for what is to be flat."""

    key: str
    title: str
    power: float | None = None
    digits: int = 1


@frozen(kw_only=True)
class Curve:
    """A measured curve; each row has the cause, and the costs by their keys.

    A row's `work` is what there is to do at least, where that is not in proportion to the cause.
    """

    name: str
    title: str
    about: str
    cause: str
    costs: Sequence[Cost]
    rows: Sequence[Mapping[str, float]] = field(factory=list)

    def powers(self) -> dict[str, float]:
        """Return the power of the cause with which each cost has grown, from the first row to the last."""
        if len(self.rows) < 2:  # noqa: PLR2004 - two points make a slope
            return {}
        first, last = self.rows[0], self.rows[-1]
        work = log(last.get("work", last["cause"]) / first.get("work", first["cause"]))
        return {
            cost.key: round(log(last[cost.key] / first[cost.key]) / work, 2)
            for cost in self.costs
            if cost.power is not None and work and min(first[cost.key], last[cost.key]) > 0
        }

    def too_steep(self) -> list[str]:
        """Return in words what has grown faster than it may."""
        powers = self.powers()
        return [
            f"{self.title}: {cost.title} grows with the power {powers[cost.key]:.2f} of {self.cause}"
            for cost in self.costs
            if cost.power is not None and powers.get(cost.key, 0.0) > cost.power + TOLERANCE
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**asdict(self), "powers": self.powers(), "too_steep": self.too_steep()}
