"""What is to happen: events in the order of their times, those of one time in the order they were added in.

One heap of all events gets slower the more there are: with 40,000 under way most of its time goes by in
waiting for memory. So only the near future is a heap. Later events lie unsorted in boxes, each 131 µs of
virtual time, until theirs is opened. Where little happens several boxes are opened at once, and most events
go to the heap directly.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Event = tuple[int, int, Any, Callable[..., object], tuple[Any, ...]]
    """Time in nanoseconds, number, owner, function, arguments."""

_BOX_BITS: Final = 17
_FEW: Final = 32
"""So many events are opened at least: a heap of them costs next to nothing."""


class Agenda:
    """Events that have not happened yet."""

    __slots__ = ("_boxes", "_count", "_horizon_ns", "_near", "_numbers")

    def __init__(self) -> None:
        self._near: list[Event] = []
        """A heap of the events before the horizon. When it is empty `_open` fills it, if there are any."""
        self._horizon_ns = 0
        self._boxes: dict[int, list[Event]] = {}
        self._numbers: list[int] = []
        """A heap of the numbers of all boxes."""
        self._count = 0

    def add(
        self, time_ns: int, owner: object, function: Callable[..., object], args: tuple[Any, ...] = ()
    ) -> None:
        """Have an event happen at a time; the owner is a host or a process, and has to be there then."""
        self._count = count = self._count + 1
        if time_ns < self._horizon_ns:
            heappush(self._near, (time_ns, count, owner, function, args))
            return
        number = time_ns >> _BOX_BITS
        box = self._boxes.get(number)
        if box is None:
            self._boxes[number] = [(time_ns, count, owner, function, args)]
            heappush(self._numbers, number)
        else:
            box.append((time_ns, count, owner, function, args))

    @property
    def next_ns(self) -> int | None:
        """The time of the first event, if there is one."""
        near = self._near
        return near[0][0] if near or self._open() else None

    def pop(self, limit_ns: int) -> Event | None:
        """Take the first event out; None if there is none until the limit."""
        near = self._near
        if (near or self._open()) and near[0][0] <= limit_ns:
            return heappop(near)
        return None

    def _open(self) -> bool:
        """Fill `_near`, which is empty, with the earliest events; tell whether there are any."""
        near = self._near
        numbers = self._numbers
        while numbers and len(near) < _FEW:
            number = heappop(numbers)
            near += self._boxes.pop(number)
            self._horizon_ns = (number + 1) << _BOX_BITS
        heapify(near)
        return bool(near)

    def keep(self, wanted: Callable[[Event], bool]) -> None:
        """Throw away all events but those that are wanted."""
        self._near[:] = filter(wanted, self._near)
        heapify(self._near)
        for box in self._boxes.values():
            box[:] = filter(wanted, box)

    def clear(self) -> None:
        """Throw away all events."""
        self._near.clear()
        self._boxes.clear()
        self._numbers.clear()

    def __len__(self) -> int:
        return len(self._near) + sum(map(len, self._boxes.values()))
