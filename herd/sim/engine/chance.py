"""Randomness that can be played again: one stream for each purpose, all of them from one seed.

A stream belongs to a label ("latency Alford>Ball", "faults") and depends on the seed and that label alone, so
that a program which draws once more than before moves nobody else's numbers: a history stays the same but for
what the change caused.

A tape gives some draws other values ("change one decision") and can record all of them.
"""

from __future__ import annotations

import math
import random
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Self, TypeVar

from attrs import Factory, define

from herd.sim.engine import draws
from herd.sim.engine.native import Draws

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_SEED_BYTES: Final = 16


@define
class Tape:
    """Draws by (label, number of the draw, from 0): `overrides` replace what the seed would give.

    `record` collects (label, number, 64-bit value) of every draw where it is a list.
    """

    overrides: dict[tuple[str, int], int] = Factory(dict)
    record: list[tuple[str, int, int]] | None = None


class Stream(Draws):
    """An endless sequence of draws, from 128 random bits."""

    __slots__ = ()

    def getrandbits(self, k: int) -> int:
        """Draw an integer of `k` bits."""
        value = 0
        for _ in range(0, k, 64):
            value = (value << 64) | self.bits()
        return value >> (-k % 64)

    def uniform(self, low: float, high: float) -> float:
        """Draw a number between two others."""
        return low + (high - low) * self.random()

    def chance(self, probability: float) -> bool:
        """Draw true with a probability."""
        return self.random() < probability

    def exponential(self, mean: float) -> float:
        """Draw from the exponential distribution."""
        return -mean * math.log(1.0 - self.random())

    def choice(self, among: Sequence[T]) -> T:
        """Draw one of a sequence."""
        return among[self.integer(0, len(among) - 1)]

    def sample(self, among: Sequence[T], count: int) -> list[T]:
        """Draw `count` different ones, in the order of drawing."""
        rest = list(among)
        return [rest.pop(self.integer(0, len(rest) - 1)) for _ in range(count)]

    def shuffled(self, among: Sequence[T]) -> list[T]:
        """Draw an order."""
        return self.sample(among, len(among))


class _TapedStream(Stream):
    """A stream whose draws are looked up on a tape, and recorded."""

    __slots__ = ("_count", "_label", "_tape")

    def __init__(self, seed: int, label: str, tape: Tape) -> None:
        super().__init__(seed)
        self._label = label
        self._tape = tape
        self._count = 0

    def bits(self) -> int:
        value = self._tape.overrides.get((self._label, self._count), super().bits())
        if self._tape.record is not None:
            self._tape.record.append((self._label, self._count, value))
        self._count += 1
        return value

    def random(self) -> float:
        return (self.bits() >> 11) * 2.0**-53

    def integer(self, low: int, high: int) -> int:
        return low + ((self.bits() * (high - low + 1)) >> 64)

    def normal(self) -> float:
        return draws.Draws.normal(self)


class Chance:
    """All streams of one simulation. The same label twice is the same stream."""

    def __init__(self, seed: int, tape: Tape | None = None) -> None:
        self.seed = seed
        self._tape = tape
        self._streams: dict[str, Stream] = {}

    def stream(self, label: str) -> Stream:
        """Return the stream of a label."""
        found = self._streams.get(label)
        if found is None:
            found = self._streams[label] = self.fresh(label)
        return found

    def fresh(self, label: str) -> Stream:
        """Begin the stream of a label that nobody asks for twice."""
        digest = blake2b(f"{self.seed} {label}".encode(), digest_size=_SEED_BYTES).digest()
        seed = int.from_bytes(digest, "big")
        return Stream(seed) if self._tape is None else _TapedStream(seed, label, self._tape)


class HostedRandom(random.Random):
    """Python's own interface to randomness over a stream: what a hosted program draws from."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.gauss_next = None

    def __new__(cls, stream: Stream) -> Self:  # noqa: ARG004 - Random's own would hash it
        """Make one: Random's own way would want to hash the stream."""
        return super().__new__(cls)

    def random(self) -> float:
        """Draw a number in [0, 1)."""
        return self._stream.random()

    def getrandbits(self, k: int, /) -> int:
        """Draw an integer of `k` bits."""
        return self._stream.getrandbits(k)

    def seed(self, a: object = None, version: int = 2) -> None:
        """Do nothing: a simulation has one seed."""
