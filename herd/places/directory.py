"""Where files that can be made again are kept: in the user's cache directory, else a private temporary one.

`$HERD_CACHE` if set, else `$XDG_CACHE_HOME/herd`, else `~/.cache/herd`. A place in the common temporary
directory is used only if nobody else can write there: its name is no secret.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Mapping


def cache_directory(environ: Mapping[str, str]) -> Path:
    """Return the directory that these variables name, existing or not; a `HerdError` if none does."""
    if own := environ.get("HERD_CACHE"):
        try:
            return Path(own).expanduser()
        except RuntimeError as error:  # ~somebody
            raise HerdError(f"HERD_CACHE names no directory: {error}") from error
    # The XDG specification: a relative path is invalid and to be ignored.
    if (base := environ.get("XDG_CACHE_HOME", "")).startswith("/"):
        return Path(base) / "herd"
    if home := environ.get("HOME"):
        return Path(home) / ".cache" / "herd"
    raise HerdError("there is no cache directory: set HERD_CACHE to one")


def temporary_directory(environ: Mapping[str, str]) -> Path:
    """Return this user's own directory among the temporary ones, whether it exists or not."""
    return Path(environ.get("TMPDIR") or tempfile.gettempdir()) / f"herd-{os.getuid()}"


def make_writable(directory: Path) -> None:
    """Make the directory if need be; an `OSError` says that files cannot be made in it."""
    directory.mkdir(parents=True, exist_ok=True)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(directory))


def make_private(directory: Path) -> None:
    """Make a directory that only this user can use; an `OSError` says that it is, or may be, another's."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(directory):
        raise PermissionError(errno.EACCES, "not this user's alone", str(directory))


def is_private(directory: Path) -> bool:
    """Tell whether `directory` is a real one that this user owns and nobody else can write to."""
    try:
        status = directory.lstat()
    except OSError:
        return False
    others_write = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and not others_write
