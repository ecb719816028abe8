"""What servers on this machine have used of its processors, by their process ids."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from herd.cli.control import standings

if TYPE_CHECKING:
    from herd.config.model import Config

_USER_AND_SYSTEM: Final = slice(11, 13)
"""Where /proc/PID/stat has both, counted from behind the program's name."""


def server_pids(config: Config) -> tuple[int, ...]:
    """Return the process ids of a herd's servers; none unless all of them run here and can be watched."""
    found = standings(config, config.names)
    pids = [int(each.status["pid"]) for each in found if each.status is not None and "pid" in each.status]
    can_watch = len(pids) == len(config.names) and all(Path(f"/proc/{pid}/stat").exists() for pid in pids)
    return tuple(pids) if can_watch else ()


def cpu_seconds(pids: tuple[int, ...]) -> float:
    """Return what processes have used so far, user and system, to a hundredth of a second each."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        ticks += sum(map(int, fields[_USER_AND_SYSTEM]))
    return ticks / os.sysconf("SC_CLK_TCK")
