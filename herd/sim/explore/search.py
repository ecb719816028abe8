"""Finding the first that fails among numbered tries, several at once, the same one whatever finishes first.

Numbers start in order. Once one has failed no greater one starts; smaller ones that are still at work are
awaited. Then the lowest that failed is known, as if they had been tried one after the other.
"""

from __future__ import annotations

from math import inf

from attrs import Factory, define


@define
class Search:
    """The tries 0 to `count` - 1; `count` is None for tries without end. `every`: a failure stops nothing."""

    count: int | None
    every: bool = False
    passed: int = 0
    failed: list[int] = Factory(list)
    working: list[int] = Factory(list)
    _next: int = 0

    def next(self) -> int | None:
        """Return the number to start now; None if no more should be."""
        if not self.left:
            return None
        number = self._next
        self._next += 1
        self.working.append(number)
        return number

    def done(self, number: int, *, failed: bool) -> None:
        """Take the outcome of a try."""
        self.working.remove(number)
        if failed:
            self.fails(number)
        else:
            self.passed += 1

    def fails(self, number: int) -> None:
        """Take note that a try has failed, though more is to be learned of it before it is done."""
        if number not in self.failed:
            self.failed.append(number)

    def dropped(self, number: int) -> None:
        """Take note that a try was given up."""
        self.working.remove(number)

    @property
    def left(self) -> float:
        """How many may start yet: infinitely many if they are without end."""
        if self.failed and not self.every:
            return 0
        return inf if self.count is None else self.count - self._next

    @property
    def lowest(self) -> int | None:
        """The lowest number that has failed so far."""
        return min(self.failed, default=None)

    def surplus(self) -> list[int]:
        """Return the tries at work that can change nothing any more: those above the lowest failure."""
        lowest = self.lowest
        if self.every or lowest is None:
            return []
        return [number for number in self.working if number > lowest]

    @property
    def over(self) -> bool:
        """Whether nothing is left to start, or to wait for."""
        return not self.left and not self.working
