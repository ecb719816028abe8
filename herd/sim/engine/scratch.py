"""Where the files of simulated hosts lie: a directory with the same name at each run, as far as that can be.

Programs log and send paths, so a name that is drawn would make another history of each run. Here the first
number that no living simulation of this user has names the directory: one simulation after the other has the
same, and those that live at a time have paths of one length (what is traced leaves the path out). A lock that
ends with its process tells who lives; what a killed one has left is removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Final

_kept: Final[list[Path]] = []


class Scratch:
    """A directory of one simulation."""

    def __init__(self) -> None:
        base = _kept[-1] if _kept else _base()
        for number in count():
            path = base / f"{number:03}"
            path.mkdir(mode=0o700, exist_ok=True)
            lock = _lock(path)
            if lock is not None:
                self.path = path
                self._lock = lock
                break
        _empty(self.path)

    def remove(self) -> None:
        """Remove all that is in it, and let another simulation have it."""
        _empty(self.path)
        os.close(self._lock)


def keep_base() -> None:
    """Have simulations lie where they would now, wherever temporary files are to be from now on."""
    _kept.append(_base())


def leave_base() -> None:
    """Undo that, and remove what simulations that were killed have left."""
    base = _kept.pop()
    for path in sorted(base.iterdir()):
        lock = _lock(path)
        if lock is not None:
            _empty(path)
            os.close(lock)
    if base.name != _name():
        shutil.rmtree(base, ignore_errors=True)


def _lock(path: Path) -> int | None:
    """Lock a directory; None if somebody else has."""
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _name() -> str:
    return f"herd-sim-{os.getuid()}"


def _base() -> Path:
    """Return this user's directory; one that somebody else has made in its place is not used."""
    path = Path(tempfile.gettempdir()) / _name()
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if found.st_uid == os.getuid() and not path.is_symlink() and not found.st_mode & 0o077:
        return path
    return Path(tempfile.mkdtemp(prefix="herd-sim-"))


def _empty(path: Path) -> None:
    for each in sorted(path.iterdir()):
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()
