"""When what a program has written in a turn leaves: at once, or behind what its reactor does before.

A real main loop calls what threads have asked for, then all timers that are due, then it polls: sockets are
read and written. So what a reader writes leaves only after the calls that it has put off to the next turn
(`callLater(0, ...)`, `callFromThread`): they still may write, and close. What a timer writes leaves in the
poll behind it, after all other timers that are due then; what it puts off comes after that poll.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.sim.engine.plaintimer import TURN_NS

if TYPE_CHECKING:
    from herd.sim.engine.timeline import Timeline

LONG_TURN_NS: Final = 2_000_000
"""A turn with much to do: what a thread takes for a small write."""


def leaves_ns(timeline: Timeline) -> int | None:
    """Return at what time something leaves that was written in the event that has just run; None: at once."""
    if timeline.put_off == timeline.events:
        return timeline.now_ns + TURN_NS
    if timeline.timed == timeline.events and timeline.agenda.next_ns == timeline.now_ns:
        return timeline.now_ns
    return None


def put_off(timeline: Timeline) -> None:
    """Note that the event that runs has put something off to the next turn; what a timer does counts not."""
    if timeline.timed != timeline.events:
        timeline.put_off = timeline.events
