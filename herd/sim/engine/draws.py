"""Lehmer's generator of 128 bits, with a multiplier of Steele and Vigna (2021): all randomness comes from it.

A draw is the upper half of the state. So a generator is one integer, and 10,000 hosts cost nothing; a draw is
one multiplication, a third of what a mixing function costs in Python.
"""

from __future__ import annotations

import math
from typing import Final

_MASK: Final = (1 << 128) - 1
_MULTIPLIER: Final = 0xDA942042E4DD58B5
_UNIT: Final = 2.0**-53


class Draws:
    """An endless sequence of draws, from 128 random bits."""

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = (seed | 1) & _MASK  # an even state would lose a bit with every draw

    def bits(self) -> int:
        """Draw an integer of 64 bits."""
        self._state = state = (self._state * _MULTIPLIER) & _MASK
        return state >> 64

    def random(self) -> float:
        """Draw a number in [0, 1)."""
        return (self.bits() >> 11) * _UNIT

    def integer(self, low: int, high: int) -> int:
        """Draw an integer from `low` to `high`, both of them possible and of 64 bits with their sign."""
        # The bias of multiplying is under 2 ** -32 for every range that a simulation asks for.
        return low + ((self.bits() * (high - low + 1)) >> 64)

    def normal(self) -> float:
        """Draw from the normal distribution of mean 0 and deviation 1 (Box and Muller)."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.random()))
        return radius * math.cos(2.0 * math.pi * self.random())
