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
"""What a program raises and its reactor logs.

A real reactor logs whatever is raised. Here comes out what is meant for who simulates: Ctrl-C, the outcomes
of test runners (pytest's are no `Exception`s), and with them any other class that is derived from
`BaseException` alone.
"""

thread: int = get_ident()
"""The thread that simulates. In others nobody is ever hosted, whoever is current."""
