"""What is wrong with a run: which invariant did not hold, where that shows, and a sentence about it."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from attrs import frozen

from herd.sim.herds.history import Operation

Invariant: TypeAlias = Literal[
    "converges",
    "never goes back",
    "terminates",
    "promises kept",
    "bounded",
    "no strangers",
    "answers",
]
INVARIANTS: Final[tuple[Invariant, ...]] = get_args(Invariant)
"""What always holds, by the names in the contract of replication."""

_MOST_BYTES: Final = 200


@frozen
class Violation:
    """One thing that must not be."""

    invariant: Invariant
    name: str
    """What exactly: a few words, the same for all violations of this sort."""
    text: str
    operations: tuple[Operation, ...] = ()
    """What shows it; where one of two came first, that one first."""

    def __str__(self) -> str:
        return f"{self.invariant}: {self.name}: {self.text}"


def shown(data: bytes | None) -> str:
    """Return bytes for a sentence: one line, not too long; `nothing` for None."""
    if data is None:
        return "nothing"
    text = data.rstrip(b"\r\n")
    cut = text[:_MOST_BYTES] + (b"..." if len(text) > _MOST_BYTES else b"")
    return "`" + cut.decode("utf-8", "backslashreplace").replace("\r", "\\r").replace("\n", "\\n") + "`"


def at_s(time_ns: int | None) -> str:
    """Return a virtual time for a sentence."""
    return "never" if time_ns is None else f"{time_ns / 1e9:.6f} s"
