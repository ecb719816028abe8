"""A failing history of connections made as small as it goes and still fails."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from attrs import evolve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fuzzing.inputs import Script

T = TypeVar("T")

BUDGET_S: Final = 60.0
"""Shrinking is for the reader's sake: what it has when the time is over is shown."""


def shrink(scripts: Sequence[Script], fails: Callable[[Sequence[Script]], bool]) -> list[Script]:
    """Leave out connections, then lines, then bytes, while `fails` says that it still fails."""
    deadline_s = time.monotonic() + BUDGET_S

    def worth_it(candidate: Sequence[Script]) -> bool:
        return time.monotonic() < deadline_s and fails(candidate)

    kept = _shorter(list(_tail(scripts, worth_it)), worth_it)
    for index in range(len(kept)):
        kept[index] = _smaller(kept, index, worth_it)
    return kept


def _tail(scripts: Sequence[Script], fails: Callable[[Sequence[Script]], bool]) -> Sequence[Script]:
    """Return the last few that fail by themselves: mostly one is enough, which saves most of the work."""
    count = 1
    while count < len(scripts):
        if fails(scripts[-count:]):
            return scripts[-count:]
        count *= 2
    return scripts


def _smaller(scripts: list[Script], index: int, fails: Callable[[Sequence[Script]], bool]) -> Script:
    """Return one connection of a history with as few lines as it goes, and those as short."""

    def fails_with(lines: Sequence[bytes]) -> bool:
        changed = evolve(scripts[index], lines=tuple(lines))
        return fails([*scripts[:index], changed, *scripts[index + 1 :]])

    lines = _shorter(list(scripts[index].lines), fails_with)

    def fails_with_line(at: int, line: Sequence[int]) -> bool:
        return fails_with([*lines[:at], bytes(line), *lines[at + 1 :]])

    for at, line in enumerate(lines):
        lines[at] = bytes(_shorter(list(line), partial(fails_with_line, at)))
    return evolve(scripts[index], lines=tuple(lines))


def _shorter(items: list[T], fails: Callable[[Sequence[T]], bool]) -> list[T]:
    """Leave out pieces, half of all at first and single ones in the end, while it still fails."""
    size = max(1, len(items) // 2)
    while items:
        at, has_changed = 0, False
        while at < len(items):
            candidate = items[:at] + items[at + size :]
            if fails(candidate):
                items, has_changed = candidate, True
            else:
                at += size
        if size == 1 and not has_changed:
            break
        size = max(1, size // 2)
    return items
