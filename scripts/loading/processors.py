"""What servers on this machine have used of its processors, by their process ids."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herd.cli.control import standings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from herd.config.model import Config

_USER_AND_SYSTEM: Final = slice(11, 13)
"""Where /proc/PID/stat has both, counted from behind the program's name."""


def server_pids(config: Config, names: Sequence[str]) -> tuple[int, ...]:
    """Return the process ids of servers; none unless all of them run here and can be watched."""
    found = standings(config, names)
    pids = [int(each.status["pid"]) for each in found if each.status is not None and "pid" in each.status]
    can_watch = len(pids) == len(names) and all(Path(f"/proc/{pid}/stat").exists() for pid in pids)
    return tuple(pids) if can_watch else ()


def cpu_seconds(pids: tuple[int, ...]) -> float:
    """Return what processes have used so far, user and system, to a hundredth of a second each."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks += sum(map(int, fields[_USER_AND_SYSTEM]))
    return ticks / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """Return for how long this process's first thread has run so far, or was ready to run and had to wait.

    What it had to wait is known on Linux only.
    """
    try:
        waited_ns = int(Path("/proc/self/schedstat").read_text("ascii").split()[1])
    except (OSError, IndexError, ValueError):
        waited_ns = 0
    return time.process_time() + waited_ns / 1e9
