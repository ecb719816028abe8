"""What of the engine is compiled, beside the same in pure Python: a test runs its body over both."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
from attrs import frozen

from herd.sim.engine import (
    agenda,
    current,
    delays,
    dispatcher,
    draws,
    native,
    owner,
    plaintimer,
    rows,
    ticking,
    timeline,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

EVER: Final = 1 << 62


@frozen
class Parts:
    """The classes of one kind, which work with each other."""

    name: str
    Agenda: Any
    Delays: Any
    Dispatcher: Any
    Draws: Any
    Owner: Any
    PlainTimer: Any
    Rows: Any
    Ticking: Any
    Timeline: Any


PURE: Final = Parts(
    "pure",
    agenda.Agenda,
    delays.Delays,
    dispatcher.Dispatcher,
    draws.Draws,
    owner.Owner,
    plaintimer.PlainTimer,
    rows.Rows,
    ticking.Ticking,
    timeline.Timeline,
)
CHOSEN: Final = Parts(
    "chosen",
    native.Agenda,
    native.Delays,
    native.Dispatcher,
    native.Draws,
    native.Owner,
    native.PlainTimer,
    native.Rows,
    native.Ticking,
    native.Timeline,
)
"""The compiled ones, where they were built; otherwise the pure ones once more."""

both = pytest.mark.parametrize("parts", [PURE, CHOSEN], ids=lambda parts: parts.name)


@contextmanager
def its_turn(process: Any = None) -> Iterator[None]:
    """Let it be a process's turn; afterwards it is nobody's: the tests' own clocks are the real ones."""
    current.process = process
    try:
        yield
    finally:
        current.process = None


def go_on(timeline: Any, limit_ns: int = EVER) -> None:
    """Run events, and leave nobody current."""
    with its_turn():
        timeline.go_on(limit_ns)
