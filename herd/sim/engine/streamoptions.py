"""What a program may set and ask of a stream socket: options, of which two do something, and addresses."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.native import PlainEnd
from herd.sim.engine.oserrors import os_error

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

_ERROR: Final = (socket.SOL_SOCKET, socket.SO_ERROR)
_LINGER: Final = (socket.SOL_SOCKET, socket.SO_LINGER)


class StreamOptions(PlainEnd):
    """The options of a stream socket, and the addresses of both ends. Its error is read as an option."""

    __slots__ = ("_options", "_reset_on_close", "local", "peer")

    def __init__(self, process: Process) -> None:
        super().__init__(process)
        self.local: tuple[str, int] = ("0.0.0.0", 0)  # noqa: S104 - the address of an unbound socket
        self.peer: tuple[str, int] | None = None
        self._reset_on_close = False
        self._options: dict[tuple[int, int], Any] | None = None

    def setblocking(self, flag: object) -> None:
        """Accept: a simulated socket never blocks."""

    def getsockname(self) -> tuple[str, int]:
        """Return this end's address."""
        return self.local

    def getpeername(self) -> tuple[str, int]:
        """Return the other end's address."""
        if self.peer is None:
            raise os_error(errno.ENOTCONN)
        return self.peer

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
