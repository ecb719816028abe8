"""Shapes of herds: servers, and who is linked with whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from herd.sim.engine.chance import Stream

Topology: TypeAlias = Mapping[str, tuple[str, ...]]
"""Each server's neighbors; both name each link."""

FIVE: Final[Topology] = {
    "Alford": ("Hamilton", "Welsh"),
    "Ball": ("Holiday", "Welsh"),
    "Hamilton": ("Alford", "Holiday"),
    "Holiday": ("Ball", "Hamilton"),
    "Welsh": ("Alford", "Ball"),
}
"""The servers of the specification: a ring."""


def of_links(names: Iterable[str], pairs: Iterable[tuple[str, str]]) -> Topology:
    """Return the topology that has these links."""
    neighbors: dict[str, list[str]] = {name: [] for name in names}
    for a, b in pairs:
        neighbors[a].append(b)
        neighbors[b].append(a)
    return {name: tuple(each) for name, each in neighbors.items()}


def grid(width: int, height: int) -> Topology:
    """Return a grid: each server is linked with those beside, above and below it."""
    names = {(x, y): f"S{y * width + x:02}" for y in range(height) for x in range(width)}
    pairs = [
        (name, names[there])
        for (x, y), name in names.items()
        for there in ((x + 1, y), (x, y + 1))
        if there in names
    ]
    return of_links(names.values(), pairs)


def random_graph(count: int, degree: int, stream: Stream) -> Topology:
    """Return a connected random graph: `degree` links a server on average, and no server with none.

    Each server is linked with one that came before it, so all are connected, and then with any others.
    """
    names = [f"S{number:0{len(str(count - 1))}}" for number in range(count)]
    pairs = {(names[stream.integer(0, number - 1)], names[number]): None for number in range(1, count)}
    while len(pairs) < count * degree // 2:
        a, b = sorted(stream.sample(names, 2))
        pairs[a, b] = None
    return of_links(names, pairs)
