"""A terminal with a program in it, as a person sees and uses it."""

from __future__ import annotations

import contextlib
import os
import re
import select
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Without it the terminal would belong to nobody, and Ctrl-C would be a character like others."""

CTRL_C = b"\x03"

LIMIT_S = 60.0
"""How long any one thing may take on a machine that does much else; each takes a second or two."""


class Screen:
    """A program in a terminal of 120 columns and 40 lines; killed at the end if it has not ended by then."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._terminal, theirs = os.openpty()
        self._bytes = b""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    @property
    def text(self) -> str:
        """All that was ever on the screen, without colors and moves of the cursor."""
        # A read may end in the midst of a letter.
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self._bytes.decode(errors="replace"))

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._terminal, keys)

    def until(self, *texts: str) -> None:
        """Read until all the texts were on the screen; fail when that takes too long."""
        deadline = time.monotonic() + LIMIT_S
        while not all(text in self.text for text in texts):
            assert self._read(deadline), self.text

    def end(self) -> int:
        """Wait for the end of the program and return its exit status."""
        deadline = time.monotonic() + LIMIT_S
        while self._read(deadline):
            pass
        assert time.monotonic() < deadline, self.text
        return self._process.wait(LIMIT_S)

    def _read(self, deadline: float) -> bool:
        """Read what comes next; false at the deadline, or when the program has ended.

        A program that draws on and on does not move the deadline.
        """
        left_s = deadline - time.monotonic()
        got = b""
        if left_s > 0 and select.select([self._terminal], [], [], left_s)[0]:
            with contextlib.suppress(OSError):  # how a terminal ends whose last process is gone
                got = os.read(self._terminal, 65_536)
        self._bytes += got
        return got != b""
