"""The herd as a graph: its parts, its longest path, and what it cannot do without.

A topology is a mapping from each server to its neighbors, in the file's order; both sides name each link. All
of it is breadth-first search and nothing else: a server or a link that matters is found by leaving it out.
That is quadratic, and takes about a second for a thousand servers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

Topology: TypeAlias = Mapping[str, Sequence[str]]
Link: TypeAlias = tuple[str, str]


def symmetric(neighbors: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return a topology in which both sides name each link; unknown names, and selves, are left out."""
    order = {name: index for index, name in enumerate(neighbors)}
    both: dict[str, set[str]] = {name: set() for name in neighbors}
    for name, named in neighbors.items():
        for other in named:
            if other in both and other != name:
                both[name].add(other)
                both[other].add(name)
    return {name: tuple(sorted(others, key=order.__getitem__)) for name, others in both.items()}


def links(topology: Topology) -> tuple[Link, ...]:
    """Return each link once, the server that comes first in the file first."""
    order = {name: index for index, name in enumerate(topology)}
    return tuple((name, other) for name in topology for other in topology[name] if order[name] < order[other])


def parts(topology: Topology, without: Iterable[str] = ()) -> tuple[tuple[str, ...], ...]:
    """Return the groups of servers that can reach each other, once the servers `without` are down."""
    left_out = set(without)
    seen = set(left_out)
    found = []
    for name in topology:
        if name not in seen:
            reached = _distances(topology, name, left_out)
            seen.update(reached)
            found.append(tuple(each for each in topology if each in reached))
    return tuple(found)


def longest_path(topology: Topology) -> tuple[str, ...]:
    """Return a shortest path between two servers that are farthest apart: as many hops as the diameter."""
    best: tuple[str, ...] = ()
    for name in topology:
        came_from = _distances(topology, name, set())
        path = [next(reversed(came_from))]
        while came_from[path[-1]] is not None:
            path.append(str(came_from[path[-1]]))
        if len(path) > len(best):
            best = tuple(reversed(path))
    return best


def cut_servers(topology: Topology) -> dict[str, tuple[tuple[str, ...], ...]]:
    """Return the servers without which others cannot reach each other, with the parts that would remain."""
    found = {}
    whole = len(parts(topology))
    for name in topology:
        remaining = parts(topology, without=[name])
        if len(remaining) > whole:
            found[name] = remaining
    return found


def cut_links(topology: Topology) -> tuple[Link, ...]:
    """Return the links without which their two servers can no longer reach each other."""
    # Such a link is in every tree that spans its part, so only the links of one tree are worth a try.
    tree: set[frozenset[str]] = set()
    for part in parts(topology):
        came_from = _distances(topology, part[0], set())
        tree.update(frozenset((name, before)) for name, before in came_from.items() if before is not None)
    return tuple(
        (one, other)
        for one, other in links(topology)
        if {one, other} in tree and other not in _distances(topology, one, set(), cut={one, other})
    )


def _distances(
    topology: Topology, start: str, left_out: AbstractSet[str], cut: AbstractSet[str] = frozenset()
) -> dict[str, str | None]:
    """Return all that can be reached from `start`, nearest first, each with the server before it on the way.

    No way leads over the servers `left_out`, nor over the link between the two of `cut`.
    """
    came_from: dict[str, str | None] = {start: None}
    waiting = deque([start])
    while waiting:
        name = waiting.popleft()
        for other in topology[name]:
            if other not in came_from and other not in left_out and not (name in cut and other in cut):
                came_from[other] = name
                waiting.append(other)
    return came_from
