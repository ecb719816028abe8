"""Which look of an arrow has which color: the most frequent words have one each."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from herd.sim.pictures.scene import BYTES, CLOSING, OPENING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from herd.sim.pictures.scene import Arrow

COLORS: Final = 6
"""Of more colors no two can be told apart."""

OTHERS: Final = "rest"


def ranked(arrows: Iterable[Arrow]) -> list[tuple[str, int]]:
    """Return the looks of arrows with how many messages each has: words first, the most frequent first."""
    counts: Counter[str] = Counter()
    for arrow in arrows:
        counts[arrow.look] += len(arrow.messages)
    plain = (BYTES, OPENING, CLOSING)
    words = sorted((look for look in counts if look not in plain), key=lambda look: (-counts[look], look))
    return [(look, counts[look]) for look in (*words, *(each for each in plain if each in counts))]


def colors(arrows: Iterable[Arrow]) -> dict[str, str]:
    """Return the class of each look that has a color of its own; all others are `OTHERS`."""
    words = [look for look, _ in ranked(arrows) if look not in {OPENING, CLOSING}]
    return {
        **{look: f"c{index}" for index, look in enumerate(words[:COLORS])},
        OPENING: OPENING,
        CLOSING: CLOSING,
    }
