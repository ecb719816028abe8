"""Which program is running now: what the clock, chance and the reactor of this moment are asked of.

The simulation sets it before each event. None means that nobody is hosted: the real world.
"""

from __future__ import annotations

from asyncio import CancelledError
from threading import get_ident
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

process: Process | None = None

FAILURES: Final = (Exception, SystemExit, GeneratorExit, CancelledError)
"""What a program raises and its reactor logs: all but Ctrl-C, which is meant for the simulation."""

thread: int = get_ident()
"""The thread that simulates. In others nobody is ever hosted, whoever is current."""
