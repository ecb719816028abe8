"""What one run took: processor and wall time of the flood alone, events, memory."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import define, field
from benching.sim.node import Meter


def resident_bytes() -> int:
    """Return this process's resident set. Linux only."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@define
class Stopwatch:
    """Made before there is any host; starts when every link is up, stops when every message is everywhere.

    `events` reads the simulator's own count of what it has run.
    """

    meter: Meter
    events: Callable[[], int]
    resident_empty: int = field(init=False)
    cpu_s: float = 0.0
    wall_s: float = 0.0
    setup_cpu_s: float = 0.0
    at_event: int = 0
    resident_setup: int = 0

    def __attrs_post_init__(self) -> None:
        """Weigh the process while there is no host yet."""
        gc.collect()
        self.resident_empty = resident_bytes()

    def start(self) -> None:
        """Begin; what came before was setting up.

        Garbage is collected now, and what lives is left out of later collections, in every simulator.
        """
        gc.collect()
        gc.freeze()
        self.resident_setup = resident_bytes()
        self.at_event = self.events()
        self.setup_cpu_s = time.process_time()
        self.wall_s, self.cpu_s = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """End."""
        self.cpu_s, self.wall_s = time.process_time() - self.cpu_s, time.perf_counter() - self.wall_s
        self.at_event = self.events() - self.at_event

    def figures(self) -> dict[str, Any]:
        """Return what was measured; to be read when the simulation is over."""
        return {
            "delivered": self.meter.delivered,
            "awaited": self.meter.awaited,
            "chunks": self.meter.chunks,
            "events": self.at_event,
            "cpu_s": self.cpu_s,
            "wall_s": self.wall_s,
            "setup_cpu_s": self.setup_cpu_s,
            "hosts_kib": (self.resident_setup - self.resident_empty) / 2**10,
            "resident_mib": resident_bytes() / 2**20,
        }
