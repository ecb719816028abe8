"""Making a failing list smaller: what to try next, and nothing of how it is tried.

Each reducer is a generator. It yields lists of candidates, the most daring first, and is sent the index of
the first candidate that still fails, or None if none does; it returns the smallest that it has found. So the
one who drives it may try as many at once as he likes, and what comes out is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Reducer: TypeAlias = Generator[list[tuple[T, ...]], int | None, tuple[T, ...]]


def fewer(items: Sequence[T]) -> Reducer[T]:
    """Leave out items until none of those left can be (delta debugging: Zeller and Hildebrandt, 2002).

    First of all it tries none at all.
    """
    best = tuple(items)
    if not best:
        return best
    if (yield [()]) is not None:
        return ()
    parts = 2
    while len(best) > 1:
        chunks = split(best, parts)
        halves = chunks if parts > 2 else []  # noqa: PLR2004 - of two halves, one is what is left without the other
        candidates = [*halves, *(without(chunks, number) for number in range(len(chunks)))]
        found = yield candidates
        if found is not None:
            best = candidates[found]
            parts = 2 if found < len(halves) else max(2, parts - 1)
        elif parts >= len(best):
            break
        else:
            parts *= 2
        parts = min(parts, max(2, len(best)))
    return best


def split(items: tuple[T, ...], parts: int) -> list[tuple[T, ...]]:
    """Cut a list into parts that are as equal as can be, none of them empty."""
    parts = min(parts, len(items))
    ends = [len(items) * number // parts for number in range(parts + 1)]
    return [items[begin:end] for begin, end in pairwise(ends)]


def without(chunks: list[tuple[T, ...]], number: int) -> tuple[T, ...]:
    """Join all chunks but one."""
    return tuple(item for index, chunk in enumerate(chunks) if index != number for item in chunk)


def simpler(items: Sequence[T], variants: Callable[[T], Iterator[T]]) -> Reducer[T]:
    """Replace items, the last first, by the first of their variants that still fails, until none does.

    `variants` yields what is simpler than an item, the simplest first; each step down must come to an end.
    """
    best = tuple(items)
    for index in reversed(range(len(best))):
        found: int | None = 0
        while found is not None:
            candidates = [(*best[:index], each, *best[index + 1 :]) for each in variants(best[index])]
            found = (yield candidates) if candidates else None
            if found is not None:
                best = candidates[found]
    return best
