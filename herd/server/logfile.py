"""A file of lines that is rotated by its size, whatever happens to the disk under it.

Twisted's `LogFile` stays closed for good once a rotation has failed halfway, and loses what a nearly full
disk did not take of a write. Here a failure is an `OSError` each time, a write is there whole or not at all,
and the next one begins by opening the file again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from io import FileIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_MODE: Final = 0o600


class RotatingFile:
    """Appends to `path`, and from `max_bytes` on begins anew: the last ones are called path.1, path.2, ..."""

    def __init__(self, path: Path, max_bytes: int, keep_files: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep_files = keep_files
        self._file: FileIO | None = None
        self._open()

    def write(self, text: str) -> None:
        """Append a text, all of it or, with an `OSError`, nothing."""
        try:
            file, size = self._open()
            if size >= self._max_bytes:
                self._rotate()
                file, size = self._open()
            self._append(file, size, text.encode("utf-8"))
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file; writing again opens it."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()

    def _open(self) -> tuple[FileIO, int]:
        """Return the file, open, and its size."""
        if self._file is None:
            self._file = FileIO(self._path, "ab", opener=_open_private)
        return self._file, os.fstat(self._file.fileno()).st_size

    @staticmethod
    def _append(file: FileIO, size: int, data: bytes) -> None:
        written = 0
        try:
            while written < len(data):
                written += file.write(data[written:]) or 0
        except OSError:
            with suppress(OSError):
                file.truncate(size)
            raise

    def _rotate(self) -> None:
        self.close()
        for number in range(self._keep_files - 1, 0, -1):
            self._rename(f".{number}", f".{number + 1}")
        self._rename("", ".1")

    def _rename(self, suffix: str, new_suffix: str) -> None:
        with suppress(FileNotFoundError):  # someone else moved it
            self._path.with_name(self._path.name + suffix).replace(
                self._path.with_name(self._path.name + new_suffix)
            )


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, _MODE)
