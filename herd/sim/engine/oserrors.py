"""The errors of a kernel: numbers with the words that belong to them. And those of Python's sockets."""

from __future__ import annotations

import os
from operator import index
from typing import Final

_LAST_PORT: Final = 65_535


def os_error(number: int) -> OSError:
    """Return the error of a number of `errno`, as a system call raises it."""
    return OSError(number, os.strerror(number))


def check_port(call: str, port: int) -> None:
    """Raise what Python's sockets raise for a port that none can be."""
    if not 0 <= index(port) <= _LAST_PORT:
        raise OverflowError(f"{call}(): port must be 0-65535.")
