"""Where the files of simulated hosts lie: a directory with the same name at each run, as far as that can be.

Programs log and send paths, so a name that is drawn would make another history of each run. Here the first
number that no living simulation uses names the directory: one simulation after the other has the same. A lock
that ends with its process tells who lives; what a killed one has left is removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from itertools import count
from pathlib import Path


class Scratch:
    """A directory of one simulation."""

    def __init__(self) -> None:
        base = _base()
        for number in count():
            path = base / str(number)
            path.mkdir(mode=0o700, exist_ok=True)
            lock = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                continue
            self.path = path
            self._lock = lock
            break
        _empty(self.path)

    def remove(self) -> None:
        """Remove all that is in it, and let another simulation have it."""
        _empty(self.path)
        os.close(self._lock)


def _base() -> Path:
    """Return this user's directory; one that somebody else has made in its place is not used."""
    path = Path(tempfile.gettempdir()) / f"herd-sim-{os.getuid()}"
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
