"""Time downwards, so that a person sees what happened: quiet times are folded.

Messages take milliseconds and programs wait for seconds. With one scale for both, all messages of a burst
would be one line and the rest of the picture empty. So the scale is chosen for the messages, and where
nothing happens for long a fold says how long.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from math import floor, log10
from typing import TYPE_CHECKING, Final

from attrs import frozen

from herd.sim.engine.tracefile import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MESSAGE_PX: Final = 62.0
"""How far down a typical message ends: an arrow's slope must be seen."""
_STEEP_PX: Final = 170.0
"""How far at most, where many messages want room."""
_THING_PX: Final = 9.0
"""Room for one thing among many, on average."""
_LONGEST_PX: Final = 30_000.0
_FOLD_FROM_PX: Final = 200.0
_FOLD_PX: Final = 46.0
_TICK_PX: Final = 64.0
_CLEAR_PX: Final = 15.0
_NICE: Final = (1, 2, 5, 10)
_DECIMALS: Final = 6


@frozen
class Piece:
    """A stretch of time and where it is drawn, in pixels from the top."""

    from_ns: int
    until_ns: int
    from_px: float
    until_px: float
    is_fold: bool


@frozen
class Tick:
    """A moment on the axis, and its label."""

    y: float
    label: str


class TimeScale:
    """The mapping from nanoseconds to pixels.

    `times` are the moments at which something is drawn, in any order; `typical_ns` is how long a message
    takes as a rule; `things` is how much is drawn.
    """

    def __init__(self, times: Iterable[int], typical_ns: int, things: int, top_px: float) -> None:
        moments = sorted(frozenset(times)) or [0]
        self._px_per_ns = _px_per_ns(moments, typical_ns, things)
        self.pieces: list[Piece] = []
        at_px = top_px
        for begin, end in pairwise(moments):
            wanted_px = (end - begin) * self._px_per_ns
            is_fold = wanted_px > _FOLD_FROM_PX
            until_px = at_px + (_FOLD_PX if is_fold else wanted_px)
            self._append(Piece(begin, end, at_px, until_px, is_fold))
            at_px = until_px
        if not self.pieces:
            self.pieces.append(Piece(moments[0], moments[0], top_px, top_px, is_fold=False))
        self._starts = [piece.from_ns for piece in self.pieces]
        self.bottom = at_px

    def _append(self, piece: Piece) -> None:
        """Add a piece; two that have the same scale become one."""
        if self.pieces and not piece.is_fold and not self.pieces[-1].is_fold:
            last = self.pieces.pop()
            piece = Piece(last.from_ns, piece.until_ns, last.from_px, piece.until_px, is_fold=False)
        self.pieces.append(piece)

    def y(self, time_ns: int) -> float:
        """Return where a moment is; one outside of the picture lies as far outside as the scale says."""
        piece = self.pieces[max(bisect_right(self._starts, time_ns) - 1, 0)]
        if piece.is_fold and time_ns <= piece.until_ns:
            share = (time_ns - piece.from_ns) / (piece.until_ns - piece.from_ns)
            return piece.from_px + share * (piece.until_px - piece.from_px)
        if time_ns > piece.until_ns:
            return piece.until_px + (time_ns - piece.until_ns) * self._px_per_ns
        return piece.from_px + (time_ns - piece.from_ns) * self._px_per_ns

    def slope(self, time_ns: int) -> float:
        """Return how far down a time goes."""
        return min(time_ns * self._px_per_ns, _STEEP_PX)

    def beside_folds(self, y: float) -> float:
        """Return the first place from `y` down that is in no fold."""
        for piece in self.pieces:
            if piece.is_fold and piece.from_px <= y + _CLEAR_PX and y <= piece.until_px:
                y = piece.until_px + _CLEAR_PX
        return y

    def ticks(self) -> list[Tick]:
        """Return the ticks: one where each stretch begins, and round numbers within it."""
        step_ns, decimals = self._step()
        found: list[Tick] = []
        after_fold = True
        for piece in self.pieces:
            if after_fold:
                found.append(Tick(piece.from_px, _label(piece.from_ns, _DECIMALS)))
            after_fold = piece.is_fold
            if piece.is_fold:
                continue
            found += [
                Tick(y, _label(time_ns, decimals))
                for time_ns in _multiples(step_ns, piece)
                if (y := self.y(time_ns)) - piece.from_px > _CLEAR_PX
            ]
        return found

    def _step(self) -> tuple[int, int]:
        wanted_ns = max(_TICK_PX / self._px_per_ns, 1000.0)
        power = floor(log10(wanted_ns))
        step_ns = next(int(nice * 10**power) for nice in _NICE if nice * 10**power >= wanted_ns * (1 - 1e-9))
        return step_ns, min(max(9 - floor(log10(step_ns)), 0), _DECIMALS)


def _px_per_ns(moments: list[int], typical_ns: int, things: int) -> float:
    """Return a scale on which messages have a slope, things have room, and the picture has an end."""
    typical_ns = max(typical_ns, 1)
    scale = _MESSAGE_PX / typical_ns
    busy_ns = sum(end - begin for begin, end in pairwise(moments) if (end - begin) * scale <= _FOLD_FROM_PX)
    if busy_ns:
        scale = max(scale, min(things * _THING_PX / busy_ns, _STEEP_PX / typical_ns))
    return min(scale, _LONGEST_PX / busy_ns) if busy_ns else scale


def _multiples(step_ns: int, piece: Piece) -> Iterator[int]:
    first = -(-piece.from_ns // step_ns) * step_ns
    yield from range(first, piece.until_ns + 1, step_ns)


def _label(time_ns: int, decimals: int) -> str:
    whole, rest = divmod(time_ns, NS_PER_S)
    return f"{whole}.{rest:09d}"[: len(str(whole)) + 1 + decimals].rstrip(".") + " s"
