"""What of the engine is compiled, where it was built; otherwise the same in pure Python.

One seed is one history with either: the pure one is the reference, and tests hold both to it. The environment
variable `HERD_PURE`, set to anything, has the pure one used all the same.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from herd.sim.engine.agenda import Agenda
    from herd.sim.engine.delays import Delays
    from herd.sim.engine.dispatcher import Dispatcher
    from herd.sim.engine.draws import Draws
    from herd.sim.engine.owner import Owner
    from herd.sim.engine.plaindatagrams import PlainRoute, PlainSocket
    from herd.sim.engine.plaintimer import PlainTimer
    from herd.sim.engine.plaintransport import PlainTransport
    from herd.sim.engine.rows import Rows
    from herd.sim.engine.streams import PlainEnd, PlainPipe
    from herd.sim.engine.ticking import Ticking
    from herd.sim.engine.timeline import Timeline

    def use_large_pages() -> None:
        """Have Python take its memory in pages of 2 MiB from now on, where that can be."""

else:
    try:
        if os.environ.get("HERD_PURE"):
            raise ImportError  # noqa: TRY301 - there is one way out
        from herd.sim.engine._native import (
            Agenda,
            Delays,
            Dispatcher,
            Draws,
            Owner,
            PlainEnd,
            PlainPipe,
            PlainRoute,
            PlainSocket,
            PlainTimer,
            PlainTransport,
            Rows,
            Ticking,
            Timeline,
            use_large_pages,
        )
    except ImportError:
        from herd.sim.engine.agenda import Agenda
        from herd.sim.engine.delays import Delays
        from herd.sim.engine.dispatcher import Dispatcher
        from herd.sim.engine.draws import Draws
        from herd.sim.engine.owner import Owner
        from herd.sim.engine.plaindatagrams import PlainRoute, PlainSocket
        from herd.sim.engine.plaintimer import PlainTimer
        from herd.sim.engine.plaintransport import PlainTransport
        from herd.sim.engine.rows import Rows
        from herd.sim.engine.streams import PlainEnd, PlainPipe
        from herd.sim.engine.ticking import Ticking
        from herd.sim.engine.timeline import Timeline

        def use_large_pages() -> None:
            """Do nothing: that needs C."""


__all__ = [
    "Agenda",
    "Delays",
    "Dispatcher",
    "Draws",
    "Owner",
    "PlainEnd",
    "PlainPipe",
    "PlainRoute",
    "PlainSocket",
    "PlainTimer",
    "PlainTransport",
    "Rows",
    "Ticking",
    "Timeline",
    "use_large_pages",
]
