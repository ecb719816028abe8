"""Escapes: what would leave the simulation is an error that names the line of the program.

An escape is an error in the hosted program, and it is kept in the simulation as well: a program that
catches every exception, or a Deferred whose failure nobody sees, must not hide it.
"""

from __future__ import annotations

import linecache
import sys
from typing import TYPE_CHECKING, Final

from herd.sim.engine.pins.pin import hosted, outside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from herd.sim.engine.pins.pin import Inside
    from herd.sim.engine.process import Process

_ENGINE: Final = "herd.sim.engine."
_LOOP: Final = "herd.sim.engine.simulation"
"""Whoever called the loop is no part of a hosted program."""
_LIBRARIES: Final = frozenset(
    {"twisted", "zope", "greenlet", "attr", "attrs", "automat", "constantly", "incremental", "hyperlink"}
    | {"OpenSSL", "cryptography", "service_identity", "treq", "requests", "urllib3"}
    | sys.stdlib_module_names
)
_BETTER: Final = {
    "asyncio": "the event loop of a hosted program is the reactor",
    "concurrent": "use twisted.internet.threads.deferToThread",
    "urllib": "use twisted.web.client or treq",
    "http": "use twisted.web.client or treq",
}
"""What to use instead, by the library through which a program came."""
_NO_LINE: Final = "no line of its own (a timer, a thread or a signal was given the function as it is)"


class Escape(Exception):  # noqa: N818 - one word says it
    """A hosted program called what the simulation cannot answer.

    `function` is what it called, `place` its file and line, `instead` what to use.
    """

    def __init__(self, function: str, place: str, instead: str, detail: str = "") -> None:
        super().__init__(f"{place}: a hosted program calls {function}{detail}: {instead}")
        self.function = function
        self.place = place
        self.instead = instead


def escape(function: str, instead: str) -> Escape:
    """Make the escape for a call that is made now, keep it in the simulation, and return it to raise."""
    frame, through = _caller()
    place, text = (_NO_LINE, "") if frame is None else _line_of(frame)
    detail = f" through {through}" if through else ""
    if text:
        detail += f" in `{text}`"
    error = Escape(function, place, _BETTER.get(through.partition(".")[0], instead), detail)
    process = hosted()
    if process is not None:
        process.escaped(error)
    return error


def forbid(function: str, instead: str) -> Inside:
    """Make what answers in a hosted program with an escape."""

    def inside(_process: Process, *_args: object, **_kwargs: object) -> None:
        raise escape(function, instead)

    return inside


def _line_of(frame: FrameType) -> tuple[str, str]:
    """Return the place where a frame stands, and the line of source there, if there is one."""
    filename, line = frame.f_code.co_filename, frame.f_lineno
    with outside():  # linecache looks at files
        return f"{filename}:{line}", linecache.getline(filename, line, frame.f_globals).strip()


def _caller() -> tuple[FrameType | None, str]:
    """Find the innermost frame of the hosted program, and the function of a library that it called.

    Where a library alone is at work (the reactor called it) the innermost frame of the library is named.
    There is none where the simulator itself calls what the program has given it.
    """
    first: FrameType | None = None
    through = ""
    for frame in _frames():
        module = frame.f_globals.get("__name__", "")
        if module == _LOOP:
            break
        if module.startswith(_ENGINE):
            continue
        if module.partition(".")[0] not in _LIBRARIES:
            return frame, through
        first = first or frame
        through = f"{module}.{frame.f_code.co_qualname}"
    return first, ""


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        yield frame
        frame = frame.f_back
