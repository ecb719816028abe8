"""Crowds whose clients fall into few nodes of the tree of digests.

Clients are spread over 65,536 leaves by a checksum of their ids, so a crowd that a scenario can afford leaves
the lower levels of the tree thin: where two caches differ they show a whole shard, and never look below. Here
ids are chosen by their checksum, so that all levels are compared, last children and last leaves too.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import count, islice
from typing import TYPE_CHECKING, Final
from zlib import crc32

from attrs import frozen

from herd.sim.herds.work import CLIENT_EPOCH_S
from herd.sim.scenario import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from herd.sim.engine.chance import Stream
    from herd.sim.engine.simulation import Simulation

_DIGITS: Final = "0123456789abcdef"


@frozen
class PartOfCrowd:
    """A host tells a server at once of some clients of a crowd: of `count`, but for the first ones."""

    client: str
    server: str
    time_s: int
    prefix: str
    """What their ids begin with."""
    nodes: tuple[str, ...]
    """Paths of nodes below which all of them lie."""
    first: int
    count: int

    def begin(self, simulation: Simulation) -> None:
        """Send it, in one write."""
        ids = ids_below(self.prefix, self.nodes, self.first + self.count)
        lines = [
            f"IAMAT {client_id} +{number % 90}.5-{number % 180}.25 {self.time_s}.{number:09}\n"
            for number, client_id in enumerate(ids[self.first :])
        ]
        simulation.scene.walker(self.client).say(self.server, "".join(lines).encode())

    def end(self, simulation: Simulation) -> None:
        """Do nothing: what is said is said."""


def ids_below(prefix: str, nodes: tuple[str, ...], most: int) -> list[str]:
    """Return ids that begin with a prefix, and whose leaves lie below the nodes of some paths."""
    known, numbers = _known(prefix, nodes)
    ids = (f"{prefix}{number}" for number in numbers)
    found = (each for each in ids if f"{crc32(each.encode()):08x}".startswith(nodes))
    known.extend(islice(found, max(most - len(known), 0)))
    return known[:most]


@lru_cache(maxsize=8)
def _known(_prefix: str, _nodes: tuple[str, ...]) -> tuple[list[str], Iterator[int]]:
    """Return the ids that have been found, which take some time to find, and the numbers that come next."""
    return [], count()


def crowds(  # noqa: PLR0913, PLR0917 - who, to whom, where they lie, how many, when
    stream: Stream,
    clients: Sequence[str],
    servers: Sequence[str],
    nodes: tuple[str, ...],
    most: int,
    every_s: float,
    until_s: float,
) -> list[Step]:
    """Draw when somebody tells of a part of a crowd. Parts overlap, so some reports are late, some lost."""
    prefix = f"{stream.integer(0, 0xFFFF_FFFF):08x}."
    steps = []
    at_s = every_s
    while (at_s := at_s + stream.uniform(0.0, 2.0 * every_s)) < until_s:
        first = stream.integer(0, most - 1)
        part = PartOfCrowd(
            stream.choice(clients),
            stream.choice(servers),
            CLIENT_EPOCH_S + int(at_s),
            prefix,
            nodes,
            first,
            stream.integer(1, most - first),
        )
        steps.append(Step(round(at_s, 3), part))
    return steps


def draw_nodes(stream: Stream) -> tuple[str, ...]:
    """Draw eight nodes of two shards, each just above the leaves, with the last one of each shard."""
    shards = [stream.choice(_DIGITS) + stream.choice(_DIGITS) for _ in range(2)]
    return tuple(
        shard + digit for shard in shards for digit in (*stream.sample(_DIGITS[:-1], 3), _DIGITS[-1])
    )
