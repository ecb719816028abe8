"""What hosted programs log: kept by the process that logged it, and traced.

A failure that a program logs because nobody handled it is a problem of the simulation: a scenario with
problems has failed, unless it says that it expects them.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure
from twisted.python.reflect import qual

from herd.sim.engine import current, trace

if TYPE_CHECKING:
    from twisted.logger import ILogObserver, LogEvent

    from herd.sim.engine.process import Process

KEPT_LINES: Final = 1_000
_GRAVE: Final = (None, LogLevel.error, LogLevel.critical)
"""Levels at which a failure is logged that was not handled, or none."""
_TRACEBACK: Final = re.compile(
    r"\s*(?:[+|] )*(?:Exception Group )?Traceback \(most recent call last\):\n(?:[ \t].*(?:\n|$))*"
)
"""All of a traceback but what it ends with."""
_SHOWN_FAILURE: Final = re.compile(r"(\[Failure instance: Traceback[^\n]*)(?:\n.*:\d+:.*)*\n?\]")
"""A Failure in a text: what it is, and then places."""
_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")
_installed: list[bool] = []


def install() -> None:
    """Listen to what is logged, once for all simulations."""
    if not _installed:
        _installed.append(True)
        globalLogPublisher.addObserver(cast("ILogObserver", _observe))


def _observe(event: LogEvent) -> None:
    process = current.process
    if process is not None:
        keep(process, event)


def keep(process: Process, event: LogEvent) -> None:
    """Keep a log event of a process."""
    text = _repeatable(formatEvent(event), process)
    if process.log is None:
        process.log = deque(maxlen=KEPT_LINES)
    process.log.append((process.simulation.now_ns, text))
    told = _repeatable(_without_places(text, event), process)
    process.host.record(trace.NOTE, None, 0, 0, told.encode(errors="backslashreplace"))
    failure: Failure | None = event.get("log_failure")
    level = event.get("log_level")
    if failure is not None and level in _GRAVE:
        process.simulation.problem(process.host.name, f"{text}\n{failure.getTraceback()}".strip())
    elif level is LogLevel.critical:
        process.simulation.problem(process.host.name, text)


def _without_places(text: str, event: LogEvent) -> str:
    """Return what is logged, and of a failure what it is, without the places of files on this machine."""
    failure = event.get("log_failure", event.get("failure"))  # the second is of `log.err`
    if isinstance(failure, Failure):
        what = f"{qual(type(failure.value))}: {failure.getErrorMessage()}"
        text = ": ".join(filter(None, [text.partition("\nTraceback (most recent call last)")[0], what]))
    if "Traceback" in text:
        text = _SHOWN_FAILURE.sub(r"\1]", _TRACEBACK.sub("\n", text)).strip()
    return text


def _repeatable(text: str, process: Process) -> str:
    """Return a text without what differs from run to run: addresses of objects, paths of the hosts' files."""
    if " at 0x" in text:
        text = _ADDRESS.sub(" at 0x...", text)
    files = process.simulation.files
    return text if files is None else text.replace(files, "")
