"""What is simpler than a step: shorter, earlier, at a rounder time, with fewer hosts and smaller numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.explore.reduce import Reducer
    from herd.sim.scenario import Step

_DECIMALS: Final = (0, 1, 2, 3)
_SHARES: Final = (0.25, 0.5, 0.75)
_DIGITS: Final = 9
_SHORTEST_S: Final = 0.001
_WORTH_IT: Final = 0.95
"""A number has to fall at least so far, unless it becomes rounder: or a search would creep."""


def shorter(step: Step) -> Iterator[Step]:
    """Yield the step with less time until it is taken back."""
    if step.for_s is not None:
        for for_s in smaller(step.for_s):
            if for_s >= _SHORTEST_S:
                yield attrs.evolve(step, for_s=for_s)


def earlier(step: Step) -> Iterator[Step]:
    """Yield the step at earlier times, and at a rounder one just after.

    None of them has more decimals than the step's: or two times could lead to each other forever.
    """
    decimals = places(step.at_s)
    for at_s in smaller(step.at_s):
        if places(at_s) <= decimals:
            yield attrs.evolve(step, at_s=at_s)
    for fewer in _DECIMALS[:decimals]:
        at_s = round(step.at_s, fewer)
        if at_s > step.at_s:
            yield attrs.evolve(step, at_s=at_s)
            return


def sooner(steps: tuple[Step, ...]) -> Reducer[Step]:
    """Shorten the time before each step, the last first: it and all after it come sooner together."""
    best = tuple(sorted(steps, key=lambda step: step.at_s))
    for index in reversed(range(len(best))):
        found: int | None = 0
        while found is not None:
            before_s = best[index - 1].at_s if index else 0.0
            gap_s = round(best[index].at_s - before_s, _DIGITS)
            candidates = [_moved(best, index, gap_s - each) for each in smaller(gap_s)]
            found = (yield candidates) if candidates else None
            if found is not None:
                best = candidates[found]
    return best


def _moved(steps: tuple[Step, ...], index: int, by_s: float) -> tuple[Step, ...]:
    moved = (
        attrs.evolve(each, at_s=round(each.at_s - by_s, _DIGITS) + 0.0) for each in steps[index:]
    )  # no -0.0
    return (*steps[:index], *moved)


def plainer(step: Step) -> Iterator[Step]:
    """Yield the step with simpler arguments of its action."""
    for action in _plainer(step.action):
        yield attrs.evolve(step, action=action)


def smaller(number: float) -> Iterator[float]:
    """Yield numbers from 0 up to a number of which each is a good deal smaller than it, or rounder.

    What is yielded for one of these is less again, so that to repeat it comes to an end.
    """
    tried = [0.0, *(_round(number, share) for share in _SHARES)]
    tried += [_down(number, decimals) for decimals in _DECIMALS]
    for each in dict.fromkeys(tried):
        rounder = places(each) < places(number)
        if 0 <= each < number and (rounder or each <= number * _WORTH_IT):
            yield each


def _round(number: float, share: float) -> float:
    """Return about this share of a number, with as few decimals as make it neither 0 nor the number."""
    for decimals in _DECIMALS:
        rounded = round(number * share, decimals)
        if 0 < rounded <= number * _WORTH_IT:
            return rounded
    return 0.0


def _down(number: float, decimals: int) -> float:
    rounded = round(number, decimals)
    return rounded if rounded <= number else round(rounded - 10.0**-decimals, decimals)


def places(number: float) -> int:
    """Return how many decimals a number has."""
    text = repr(float(number))
    return 0 if text.endswith(".0") else len(text.partition(".")[2])


def _plainer(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        return
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            if field.init:
                for each in _plainer(getattr(value, field.name)):
                    yield attrs.evolve(value, **{field.alias: each})
    elif isinstance(value, tuple) and len(value) > 1:
        for index in range(len(value)):
            yield (*value[:index], *value[index + 1 :])
    elif isinstance(value, int):
        small = dict.fromkeys((0, 1, value // 2))
        yield from (each for each in small if 0 <= each < value)
    elif isinstance(value, float):
        yield from smaller(value)
