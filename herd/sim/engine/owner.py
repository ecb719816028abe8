"""Whose an event is: a host, a process, or nobody who could be switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import contexts, current
from herd.sim.engine.kinds import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context
    from pathlib import Path

    from herd.sim.engine.clock import HostClock
    from herd.sim.engine.process import Process
    from herd.sim.engine.simulation import Simulation

NS_PER_S: Final = 1_000_000_000


class Owner:
    """What every event asks of its owner."""

    simulation: Simulation
    """Of a host or a process: the one that it is in."""
    clock: HostClock
    """Of a host or a process."""

    def __init__(self) -> None:
        self.halted = False
        """Whether it runs nothing: then it is told what it has missed."""
        self.process: Process | None = None
        """Whose program runs in its events; None: nobody's."""
        self.directory: Path | None = None
        """Of a process, its working directory; None if it may not care for one."""
        self.context: Context | None = None
        """Of a process, what its main thread keeps of `contextvars`."""
        self.index = NOBODY
        """Of a host, its number in a trace."""
        self.ending: list[Callable[[], object]] = []
        """Of a process, what is to be called at the end of its turn."""
        self.writing: list[Any] = []
        """Of a process, who is to write then."""

    def become_current(self) -> None:
        """Of a process: have its program be the one that runs now, in an event of its host."""
        process: Process = self  # type: ignore[assignment]
        if current.process is not process:
            current.process = process
            contexts.see(self.context)
            if self.directory is not None:
                process.enter_directory()

    def record(self, kind: int, peer: Owner | None, flow: int, size: int, data: bytes = b"") -> None:
        """Put an event of this host into the trace, if there is one."""
        simulation = self.simulation
        if simulation.trace is not None:
            index = NOBODY if peer is None else peer.index
            simulation.trace.add(kind, simulation.now_ns, self.index, index, flow, size, data)

    def monotonic_ns(self) -> int:
        """Return nanoseconds since the simulation began, by the host's clock."""
        return self.clock.monotonic_ns(self.simulation.now_ns)

    def monotonic_s(self) -> float:
        """Return the same in seconds."""
        return self.monotonic_ns() / NS_PER_S

    def wall_ns(self) -> int:
        """Return the time since 1970 in nanoseconds, by the host's clock."""
        return self.clock.wall_ns(self.simulation.now_ns)

    def wall_s(self) -> float:
        """Return the same in seconds."""
        return self.wall_ns() / NS_PER_S
