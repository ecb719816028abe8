"""The errors of a kernel: numbers with the words that belong to them."""

from __future__ import annotations

import os


def os_error(number: int) -> OSError:
    """Return the error of a number of `errno`, as a system call raises it."""
    return OSError(number, os.strerror(number))
