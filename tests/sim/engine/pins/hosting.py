"""Being inside a simulated process, for a test."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from herd.sim.engine import current

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.engine.process import Process


class Idle:
    """A program that does nothing."""

    name = "idle"

    def start(self, process: Process) -> None:
        pass


@contextmanager
def hosted(process: Process) -> Iterator[None]:
    """Be a program that runs in a process."""
    current.process = process
    try:
        yield
    finally:
        current.process = None
