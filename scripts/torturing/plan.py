"""Which faults, and when: drawn from a seed before anything runs, so the same seed plans the same faults.

There are two kinds of schedule. One has the faults of processes, one after the other. The other has the
weather of links, a track for each link, so that links break at any time, several at once, whatever happens to
servers.

What may happen depends on what answers promise. Under `disk` any number of servers may be killed at once.
Under `neighbor` (and `memory`) one server may be dead at a time, and the next one may die only when all that
the last one knew is elsewhere again; whoever runs the plan waits for that.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, Literal

from attrs import frozen

from herd.testing.proxy import Link, Weather, link

if TYPE_CHECKING:
    from collections.abc import Sequence

    from herd.config.model import Config, Durability

Kind = Literal["kill", "pause", "restart", "roll"]

LONGEST_PAUSE_S: Final = 4.0
"""Twice as long as a link may be silent in `run.LIMITS`."""

_KINDS: Final[Sequence[Kind]] = ("kill", "pause", "restart", "roll")
_OFTEN: Final = (8, 4, 2, 1)
_PROCESS_GAP_S: Final = 0.7
_LINK_GAP_S: Final = 6.0
_WEATHER: Final = (Weather.CUT, Weather.HOLE, Weather.STALLED, Weather.SLOW)


@frozen
class ProcessFault:
    """Something that happens to servers `after_s` the last such fault was over, for `for_s` seconds.

    For `prelude_s` before that they cannot keep a promise: their journals are held up under `disk`, else
    their links are cut. A server that answers nevertheless loses what it answered.
    """

    kind: Kind
    servers: tuple[str, ...]
    after_s: float
    for_s: float
    prelude_s: float = 0.0

    @property
    def is_deadly(self) -> bool:
        """Tell whether a server loses its memory."""
        return self.kind != "pause"

    def __str__(self) -> str:
        prelude = f" after {self.prelude_s:.2f} s without promises" if self.prelude_s else ""
        return f"{self.kind} {', '.join(self.servers)} for {self.for_s:.2f} s{prelude}"


@frozen
class LinkFault:
    """Bad weather on a link, beginning `at_s`."""

    link: Link
    weather: Weather
    at_s: float
    for_s: float

    def __str__(self) -> str:
        return f"{self.weather.name.lower()} {'-'.join(self.link)} for {self.for_s:.2f} s"


@frozen
class Plan:
    """All faults of one run."""

    processes: tuple[ProcessFault, ...]
    links: tuple[LinkFault, ...]


def links_of(config: Config) -> list[Link]:
    """Return every link of a herd once, in order."""
    return sorted({link(server.name, other): None for server in config.servers for other in server.neighbors})


def draw(seed: int, config: Config, durability: Durability, seconds: float) -> Plan:
    """Draw the faults of a run of so many seconds."""
    many = durability == "disk"
    source = random.Random(f"{seed} {durability} processes")  # noqa: S311 - no secret
    # In the shortest run too: the end of all that one answer could rest on, while it may not be given.
    first = config.names if many else (source.choice(config.names),)
    faults = [ProcessFault("kill", first, source.uniform(0.5, 2), 0.0, 0.7)]
    while sum(fault.after_s + fault.for_s for fault in faults) < seconds:
        faults.append(_process_fault(source, config.names, many=many))
    weather = [fault for each in links_of(config) for fault in _weather(seed, each, durability, seconds)]
    return Plan(tuple(faults), tuple(sorted(weather, key=lambda fault: (fault.at_s, fault.link))))


def _process_fault(source: random.Random, names: Sequence[str], *, many: bool) -> ProcessFault:
    (kind,) = source.choices(_KINDS, _OFTEN)
    count = source.choice((1, 1, 2, 3, len(names))) if many and kind in {"kill", "pause"} else 1
    servers = names if kind == "roll" else source.sample(names, count)
    longest_s = {"pause": LONGEST_PAUSE_S, "roll": 0.2}.get(kind, 1.5)
    drawn_s = source.uniform(0.2, 1.0)
    prelude_s = source.choice((0.0, drawn_s, drawn_s)) if kind == "kill" else 0.0
    after_s = source.expovariate(1 / _PROCESS_GAP_S)
    return ProcessFault(kind, tuple(servers), after_s, source.uniform(0, longest_s), prelude_s)


def _weather(seed: int, each: Link, durability: Durability, seconds: float) -> list[LinkFault]:
    source = random.Random(f"{seed} {durability} {each}")  # noqa: S311 - no secret
    faults = []
    at_s = source.expovariate(1 / _LINK_GAP_S)
    while at_s < seconds:
        fault = LinkFault(each, source.choice(_WEATHER), at_s, source.uniform(0.1, 3.0))
        faults.append(fault)
        at_s += fault.for_s + source.expovariate(1 / _LINK_GAP_S)
    return faults
