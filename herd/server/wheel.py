"""What is to be looked at when: numbers, each filed under the second in which it is due.

A look takes what is due and touches nothing else, so it costs nothing for all that is not.
"""

from __future__ import annotations

from heapq import heappop, heappush


class Wheel:
    """Numbers and when they are due. Times are seconds of whatever clock the caller goes by."""

    def __init__(self) -> None:
        self._numbers: dict[int, dict[int, None]] = {}
        """By second. One that has become empty stays until it is due, so that each is once in `_seconds`."""
        self._seconds: list[int] = []
        """A heap."""
        self._second_of: dict[int, int] = {}

    def put(self, number: int, at_s: float) -> None:
        """File a number, anew if it is filed already: it is due from the second that `at_s` lies in."""
        self.remove(number)
        second = int(at_s)
        if second not in self._numbers:
            self._numbers[second] = {}
            heappush(self._seconds, second)
        self._numbers[second][number] = None
        self._second_of[number] = second

    def remove(self, number: int) -> None:
        """Forget a number, if it is known."""
        second = self._second_of.pop(number, None)
        if second is not None:
            del self._numbers[second][number]

    def take_due(self, now_s: float) -> list[int]:
        """Take all that is due, what has been due for longest first."""
        due: list[int] = []
        while self._seconds and self._seconds[0] <= now_s:
            due += self._numbers.pop(heappop(self._seconds))
        for number in due:
            del self._second_of[number]
        return due
