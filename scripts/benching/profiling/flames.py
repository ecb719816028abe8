"""What a flame graph says in words: which functions the time was spent in themselves.

A frame is a rectangle that counts the samples in which it was on the stack; those that it calls lie below it,
within its width. What they do not cover is its own.
"""

from __future__ import annotations

import re
from collections import Counter
from html import escape, unescape
from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Sequence

_FRAME: Final = re.compile(
    r"<title>([^<]*) \([0-9,]+ samples, [0-9.]+%\)</title>"
    r'<rect x="[^"]*" y="([0-9.]+)" [^>]*fg:x="([0-9]+)" fg:w="([0-9]+)"'
)


_TITLE: Final = re.compile(r'(<text id="title"[^>]*>)[^<]*')


def entitled(svg: str, title: str) -> str:
    """Return a flame graph with a title that says what was watched; py-spy's says how."""
    return _TITLE.sub(lambda found: found[1] + escape(title), svg, count=1)


@frozen
class Frame:
    """A function on the stack: samples `start` to `start + samples`, in the row at `y`."""

    name: str
    y: float
    start: int
    samples: int


@frozen
class Own:
    """A function, wherever it was called: the samples in which it ran itself, as a share of all."""

    name: str
    samples: int
    percent: float


def frames_of(svg: str) -> list[Frame]:
    """Return the frames of a flame graph that py-spy drew, the one of all samples first."""
    found = [
        Frame(unescape(name), float(y), int(start), int(samples))
        for name, y, start, samples in _FRAME.findall(svg)
    ]
    if not found:
        raise HerdError("the flame graph is empty: was the server ever busy?")
    return sorted(found, key=lambda frame: (frame.y, frame.start))


def own(frames: Sequence[Frame]) -> list[Own]:
    """Return functions by what they took themselves, the most expensive first."""
    total, root = frames[0].samples, frames[0]
    taken: Counter[str] = Counter()
    rows: dict[float, list[Frame]] = {}
    for frame in frames:
        rows.setdefault(frame.y, []).append(frame)
    below = dict(zip(rows, [*list(rows.values())[1:], []], strict=True))
    for frame in frames:
        end = frame.start + frame.samples
        called = [each.samples for each in below[frame.y] if frame.start <= each.start < end]
        if frame is not root and (left := frame.samples - sum(called)) > 0:
            taken[frame.name] += left
    return [Own(name, samples, round(100 * samples / total, 1)) for name, samples in taken.most_common()]
