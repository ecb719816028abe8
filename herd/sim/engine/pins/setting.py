"""What is kept in variables that no pin answers for: alike in all simulations, while they run.

The time zone is UTC: `time.timezone`, `%s` and SQLite's `localtime` ask the C library. `logging` has counted
since the epoch of simulations, and the streams that an interpreter begins with are the process's own.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.clock import EPOCH_S, NS_PER_S
from herd.sim.engine.pins import real
from herd.sim.engine.pins.pin import outside
from herd.sim.engine.pins.streams import HostedInput, HostedOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ZONE: Final = "TZ"
_UTC: Final = "UTC0"
_logging: Final[Any] = logging
_FIRST: Final[dict[str, Callable[[Any], Any]]] = {
    "__stdin__": HostedInput,
    "__stdout__": HostedOutput,
    "__stderr__": HostedOutput,
}
"""The streams that `sys` began with, which programs have by these names."""


@contextmanager
def setting() -> Iterator[None]:
    """Have all that be as on a simulated machine; afterwards it is what it was."""
    with outside():
        zone = os.environ.get(_ZONE)
    start = _logging._startTime  # noqa: SLF001 - it has no other name
    first = {name: getattr(sys, name) for name in _FIRST}
    _set_zone(_UTC)
    for name, kind in _FIRST.items():
        setattr(sys, name, kind(first[name]))
    _logging._startTime = EPOCH_S * NS_PER_S if isinstance(start, int) else float(EPOCH_S)  # noqa: SLF001 - likewise
    try:
        yield
    finally:
        for name, stream in first.items():
            setattr(sys, name, stream)
        _logging._startTime = start  # noqa: SLF001 - likewise
        _set_zone(zone)


def _set_zone(zone: str | None) -> None:
    with outside():  # a process may be current still, and its environment is another
        if os.environ.get(_ZONE) == zone:
            return
        if zone is None:
            del os.environ[_ZONE]
        else:
            os.environ[_ZONE] = zone
        real.tzset()
