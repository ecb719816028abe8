"""What an interpreter needs to host programs: once for good, and while a simulation runs.

For good: the pins, the global reactor, and what libraries keep one of. While a simulation runs: standard
streams and arguments in `sys`, shells in `sys.modules`, the time zone UTC, and garbage is collected only when
the simulation says so, for what goes with it may be logged; and afterwards the working directory as it was.
"""

from __future__ import annotations

import gc
import warnings
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herd.sim.engine import globalreactor, pins, shells, singletons
from herd.sim.engine.ownbuiltins import hosted_builtins
from herd.sim.engine.pins import real
from herd.sim.engine.pins.masks import hosted_mask
from herd.sim.engine.pins.setting import setting
from herd.sim.engine.pins.streams import hosted_streams
from herd.sim.engine.pins.warned import hosted_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

_hosting: Final[list[object]] = []


def install() -> None:
    """Make the interpreter able to host programs; harmless outside of simulations, and done only once."""
    pins.install()
    globalreactor.install()
    singletons.install()


@contextmanager
def hosting() -> Iterator[None]:
    """Host programs for a while; a run inside a run is part of it."""
    if _hosting:
        yield
        return
    singletons.install()  # what was imported since
    with ExitStack() as stack:
        _hosting.append(None)
        stack.callback(_hosting.pop)
        if gc.isenabled():
            real.disable()
            stack.callback(real.enable)
        stack.callback(real.chdir, Path.cwd())
        # A program that is killed leaves its files open, as in life: there the kernel closes them.
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", ResourceWarning)
        stack.enter_context(hosted_warnings())
        stack.enter_context(hosted_builtins())
        stack.enter_context(setting())
        stack.enter_context(hosted_mask())
        stack.enter_context(hosted_streams())
        stack.enter_context(shells.hosted())
        yield
