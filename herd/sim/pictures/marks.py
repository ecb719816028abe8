"""What happens at one host: starts, ends, failures, lines of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine.trace import Kind
from herd.sim.pictures.paper import group, number, path, rectangle
from herd.sim.pictures.words import detail, readable, seconds

if TYPE_CHECKING:
    from herd.sim.engine.tracefile import Event

_KILLED: Final = -9
_ARM_PX: Final = 6.0
_LONGEST: Final = 40


def mark(event: Event, x: float, y: float) -> str:
    """Return the mark of an event at a point of its host's line."""
    words = f"{seconds(event.time_ns)} s  {event.host}  {event.kind.name} {detail(event)}".rstrip()
    return group("mark", words, _shape(event, x, y))


def label(event: Event) -> tuple[str, str]:
    """Return what stands beside a mark, and its classes."""
    words = _short(readable(event.data))
    if event.kind is Kind.EXIT:
        if event.size == 0:
            return "ends", "label note"
        return "killed" if event.size == _KILLED else f"ends, code {event.size}", "label bad"
    return {
        Kind.START: (f"starts {words}", "label good"),
        Kind.NOTE: (words, "label note"),
        Kind.REFUSED: (f"refused by {event.peer}", "label bad"),
        Kind.TIMED_OUT: (f"no answer from {event.peer}", "label bad"),
        Kind.GONE: (f"loses {event.peer}: {words}", "label bad"),
    }[event.kind]


def _shape(event: Event, x: float, y: float) -> str:
    arm = _ARM_PX
    if event.kind is Kind.START:
        data = path((x - arm * 0.7, y - arm), (x + arm, y), (x - arm * 0.7, y + arm))
        return f'<path class="starts" d="{data}Z"/>'
    if event.kind is Kind.EXIT and event.size == 0:
        return rectangle(x - arm + 1, y - arm + 1, 2 * arm - 2, 2 * arm - 2, "exits")
    if event.kind is Kind.EXIT:
        data = path((x - arm, y - arm), (x + arm, y + arm)) + path((x - arm, y + arm), (x + arm, y - arm))
        return f'<path class="crash" d="{data}"/>'
    if event.kind is Kind.NOTE:
        return f'<circle class="notes" cx="{number(x)}" cy="{number(y)}" r="2.6"/>'
    return f'<circle class="fails" cx="{number(x)}" cy="{number(y)}" r="4"/>'


def _short(words: str) -> str:
    return words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
