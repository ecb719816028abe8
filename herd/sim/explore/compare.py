"""Two histories side by side: where they part, and what came just before."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from herd.sim.engine.tracefile import first_difference
from herd.sim.pictures.text import line

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import Difference, Event, TraceFile

BEFORE: Final = 8
"""Events that are shown before the first that differs: enough to see whose turn it was."""


@frozen
class Parting:
    """The first event in which two histories differ: its number, from 0, and the lines around it.

    `left` and `right` are None for a history that has ended by then.
    """

    number: int
    before: tuple[str, ...]
    left: str | None
    right: str | None

    def lines(self, left_name: str, right_name: str) -> list[str]:
        """Return it in words, each history under its name."""
        width = max(len(left_name), len(right_name))
        indent = " " * (width + 2)
        told = [f"{indent}{each}" for each in self.before]
        told.append(f"{left_name:>{width}}: {_event(self.left)}")
        told.append(f"{right_name:>{width}}: {_event(self.right)}")
        return told


def part(left: TraceFile, right: TraceFile) -> Parting | None:
    """Return where two histories part; None if they are the same.

    Of a file that was cut short only what is there counts, in either.
    """
    difference = first_difference(left, right)
    if difference is None:
        return None
    if (difference.left is None and not left.complete) or (difference.right is None and not right.complete):
        return None
    width = 2 * max(map(len, (*left.hosts(), *right.hosts())), default=0) + len(" -> ")
    before = tuple(line(each, width) for each in _last_before(left, difference.number))
    here = [_shown(each, width, difference) for each in (difference.left, difference.right)]
    return Parting(difference.number, before, here[0], here[1])


def _shown(event: Event | None, width: int, difference: Difference) -> str | None:
    """Return the line of an event; with its checksum where only bytes differ that no line shows."""
    if event is None:
        return None
    left, right = difference.left, difference.right
    text = line(event, width)
    if left is None or right is None or evolve(left, check=None) != evolve(right, check=None):
        return text
    return f"{text} (further on; CRC-32 of the whole: {event.check:08x})"


def _last_before(trace: TraceFile, number: int) -> list[Event]:
    kept: deque[Event] = deque(maxlen=BEFORE)
    for event in trace:
        if event.number >= number:
            break
        kept.append(event)
    return list(kept)


def _event(text: str | None) -> str:
    return "the history has ended" if text is None else text
