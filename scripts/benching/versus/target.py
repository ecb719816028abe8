"""What a load is put on: servers that run, how to speak to them, and what they have used."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias

from attrs import field, frozen
from benching.usage import cpu_s


@frozen(kw_only=True)
class Target:
    """Servers that run."""

    pids: tuple[int, ...]
    speak: str
    to: tuple[str, ...]
    """HOST:PORT of those that take reports."""
    observe: tuple[str, ...] = ()
    """Where an observer can see what each server learns, and how."""
    observe_as: str = ""
    settle: Callable[[], None] | None = None
    """Waits until every server has every report."""
    links: Callable[[], int] | None = field(default=None)
    """Tells how many records have been read on all links so far."""

    def cpu_s(self) -> float:
        """Return the processor seconds, user and system, of all servers."""
        return sum(cpu_s(pid) for pid in self.pids)


Start: TypeAlias = Callable[[], AbstractContextManager[Target]]
"""Starts servers, yields them when they are ready, and stops them."""
