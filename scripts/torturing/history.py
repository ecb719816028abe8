"""What clients did and saw: the evidence from which the invariants are judged.

An answer shows what a server held at some moment between the command's leaving and the answer's coming. Two
answers can be put in order only if the one came before the other's command left.

The order of records is written here a second time, plainly, and not taken from herd.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Final, Literal, TypeAlias, get_args

from attrs import define, field, frozen

_AT: Final = re.compile(rb"AT ([^ ]+) ([+-][0-9]+\.[0-9]{9}) ([^ ]+) ([^ ]+) ([0-9]+(?:\.[0-9]+)?)")

Invariant: TypeAlias = Literal[
    "converges",
    "never goes back",
    "terminates",
    "promises kept",
    "bounded",
    "no strangers",
    "answers",
    "no errors",
]
INVARIANTS: Final[tuple[Invariant, ...]] = get_args(Invariant)
"""Those of the contract by their names there; and that no server logs an error or fails to stop."""


@frozen
class Life:
    """One life of a server, from one start to the next death."""

    server: str
    number: int

    def __str__(self) -> str:
        return f"{self.server} (life {self.number})"


@frozen(order=True)
class Record:
    """An AT line as a client got it; greater is newer."""

    time: Decimal
    origin: bytes
    line: bytes
    client: bytes = field(order=False)
    position: bytes = field(order=False)
    numeral: bytes = field(order=False)
    """The time as it was written."""


def parse_record(line: bytes) -> Record | None:
    """Read an AT line without its ending; None for anything else."""
    match = _AT.fullmatch(line)
    if match is None:
        return None
    origin, _, client, position, numeral = match.groups()
    return Record(Decimal(numeral.decode()), origin, line, client, position, numeral)


@frozen
class Sighting:
    """A server showed a record. `is_promise`: as the answer to a report."""

    life: Life
    record: Record
    since_s: float
    until_s: float
    is_promise: bool


@frozen
class Breach:
    """An invariant that did not hold."""

    invariant: Invariant
    text: str
    clients: tuple[bytes, ...] = ()


@define
class History:
    """Everything that clients of one run sent and saw. `now` is a steady clock."""

    now: Callable[[], float]
    reports: dict[bytes, dict[bytes, bytes]] = field(factory=dict)
    """Client -> time -> position, of every report that was sent."""
    sightings: list[Sighting] = field(factory=list)
    breaches: list[Breach] = field(factory=list)
    counts: Counter[str] = field(factory=Counter)
    deaths: dict[Life, float] = field(factory=dict)
    """When each server that lost its memory began to."""
    connections: int = 0

    def report(self, client: bytes, numeral: bytes, position: bytes) -> None:
        """Note a report that is about to be sent."""
        self.reports.setdefault(client, {})[numeral] = position

    def breach(self, invariant: Invariant, text: str, *clients: bytes) -> None:
        """Note that something is wrong."""
        self.breaches.append(Breach(invariant, text, clients))

    def is_genuine(self, record: Record) -> bool:
        """Tell whether a writer reported what a record says."""
        return self.reports.get(record.client, {}).get(record.numeral) == record.position
