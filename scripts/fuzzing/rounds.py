"""A run of a fuzzer: how far it is, what it has seen, and whether the process that is fuzzed grows."""

from __future__ import annotations

import gc
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from attrs import define, field

ROUND_INPUTS: Final = 10_000
"""A round has a server of its own, so a failure is repeated in a second."""
PROGRESS_S: Final = 5.0
MEMORY_BYTES: Final = 48 * 2**20
"""What a process may grow after its first round. Ten thousand connections that leaked would be twice that."""


class Failed(Exception):  # noqa: N818 - the run has
    """What was found, in words for a person."""


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


@define
class Run:
    """One run of a fuzzer, and what it has done so far. `say` gets a line of progress now and then."""

    seed: int
    inputs: int
    seconds: float
    say: Callable[[str], object] = say
    began_s: float = field(factory=time.monotonic)
    done: int = 0
    connections: int = 0
    counts: Counter[str] = field(factory=Counter)
    told_s: float = 0.0
    first_bytes: int = 0
    last_bytes: int = 0

    @property
    def elapsed_s(self) -> float:
        """Return how long it has run."""
        return time.monotonic() - self.began_s

    def is_over(self) -> bool:
        """Tell whether enough was done."""
        return self.done >= self.inputs or self.elapsed_s >= self.seconds

    def note(self, inputs: int, counts: Counter[str]) -> None:
        """Count a connection; tell of it now and then, with the `counts` that the present round adds."""
        self.connections += 1
        self.done += inputs
        if self.elapsed_s - self.told_s >= PROGRESS_S:
            self.told_s = self.elapsed_s
            kinds = in_words(self.counts + counts)
            self.say(f"{self.elapsed_s:6.0f} s  {self.done:,} of {self.inputs:,} inputs: {kinds}")

    def weigh(self, now_bytes: int) -> None:
        """Note the memory of the process that is fuzzed; `Failed` if it has grown too much."""
        self.first_bytes = self.first_bytes or now_bytes
        self.last_bytes = now_bytes
        if now_bytes - self.first_bytes > MEMORY_BYTES:
            raise Failed(f"memory grew from {self.first_bytes:,} to {now_bytes:,} bytes")

    def summary(self) -> str:
        """Return the closing words."""
        return (
            f"{self.done:,} inputs on {self.connections:,} connections in {self.elapsed_s:.1f} s: "
            f"{in_words(self.counts)}; memory {self.first_bytes / 2**20:.0f} MiB, then "
            f"{self.last_bytes / 2**20:.0f} MiB; seed {self.seed}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return what was done, for a program."""
        return {
            "seed": self.seed,
            "inputs": self.done,
            "connections": self.connections,
            "seconds": round(self.elapsed_s, 1),
            "counts": dict(sorted(self.counts.items())),
            "first_bytes": self.first_bytes,
            "last_bytes": self.last_bytes,
        }


def in_words(counts: Counter[str]) -> str:
    """Return counts for a person."""
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))


def own_memory_bytes() -> int:
    """Return the resident memory of this process; 0 where the system does not tell."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
