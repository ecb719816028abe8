"""Which variables of `contextvars` a program sees: a process has a context, as a main thread has in life.

The loop changes the context when it changes the process: what nobody's program runs in is the context of
whoever runs the loop. It is not by `Context.run`, which has to be paired: an event may begin within a
program's own `Context.run`, when it runs other events. A greenlet has a context of its own, which can be set.

This is the plain way; in C it is a part of `owner.c`.
"""

from __future__ import annotations

from contextvars import Context, copy_context
from typing import Final

from greenlet import getcurrent

_outer: Final[list[Context]] = []
"""Of each loop that runs, one inside another's event, the context of its caller."""


def begin(process_context: Context | None) -> None:
    """Begin a loop; a process is current already, perhaps."""
    copy_context()  # it makes one where there is none yet
    there = getcurrent().gr_context
    assert there is not None
    _outer.append(there)
    if process_context is not None:
        see(process_context)


def see(context: Context | None) -> None:
    """Have what runs next see a process's variables; None: those of nobody."""
    if _outer:
        getcurrent().gr_context = _outer[-1] if context is None else context


def end() -> None:
    """End a loop."""
    getcurrent().gr_context = _outer.pop()
