"""What the pins remember of one process: its generators, where Python keeps one for the whole interpreter."""

from __future__ import annotations

import random
import tempfile
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.engine.process import Process


class Drawn(random.Random):
    """Python's own interface to randomness over a source that has `random()` and `getrandbits(k)`."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self.gauss_next = None

    def __new__(cls, source: Any) -> Self:  # noqa: ARG004 - Random's own would seed with it
        """Make one without asking for a seed."""
        return super().__new__(cls, 0)  # type: ignore[call-arg]

    def random(self) -> float:
        """Draw a number in [0, 1)."""
        drawn: float = self._source.random()
        return drawn

    def getrandbits(self, k: int, /) -> int:
        """Draw an integer of `k` bits."""
        drawn: int = self._source.getrandbits(k)
        return drawn


class State:
    """What a process has of its own."""

    __slots__ = ("last_uuid_time", "names", "random")

    def __init__(self, process: Process) -> None:
        self.random: random.Random = Drawn(process.random)
        """What the functions of the module `random` draw from: the process's source until it seeds them."""
        self.names: Iterator[str] | None = None
        self.last_uuid_time = 0

    def temporary_names(self) -> Iterator[str]:
        """Return the sequence of names for temporary files."""
        if self.names is None:
            self.names = tempfile._RandomNameSequence()  # type: ignore[attr-defined] # noqa: SLF001
        return self.names


def state_of(process: Process) -> State:
    """Return what the pins remember of a process."""
    state: State | None = process.pinned
    if state is None:
        state = process.pinned = State(process)
    return state
