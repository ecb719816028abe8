"""What a program may set of a stream socket. Two options do something; the others are kept and given back."""

from __future__ import annotations

import socket
from typing import Any, Final

_ERROR: Final = (socket.SOL_SOCKET, socket.SO_ERROR)
_LINGER: Final = (socket.SOL_SOCKET, socket.SO_LINGER)


class StreamOptions:
    """The options of a stream socket, and its error, which is read as one."""

    __slots__ = ("_options", "_reset_on_close", "error")

    def __init__(self) -> None:
        self.error = 0
        """Why the connection failed: an `errno`, or 0."""
        self._reset_on_close = False
        self._options: dict[tuple[int, int], Any] | None = None

    def setblocking(self, flag: object) -> None:
        """Accept: a simulated socket never blocks."""

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """Keep an option; SO_LINGER makes closing a reset."""
        if (level, option) == _LINGER:
            self._reset_on_close = True
        elif self._options is None:
            self._options = {(level, option): value}
        else:
            self._options[level, option] = value

    def getsockopt(self, level: int, option: int) -> Any:
        """Return an option; SO_ERROR is cleared by that."""
        if (level, option) == _ERROR:
            error, self.error = self.error, 0
            return error
        return (self._options or {}).get((level, option), 0)
