"""`socket.socket`: an escape, but for a probe of a Unix socket.

A server asks, before it listens on a Unix socket, whether another one still does: it connects, blocking,
which a local socket answers at once. That much is simulated: connect, then close.
"""

from __future__ import annotations

import _socket as _socket_module
import errno
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from herd.sim.engine.pins.escapes import escape, forbid
from herd.sim.engine.pins.pin import PLACED, place, place_new

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

_INSTEAD: Final = "use the reactor: connectTCP, listenTCP, listenUDP, or an endpoint"


def pin() -> None:
    """Pin the making of sockets."""
    place_new(socket.socket, _socket)
    place(socket, "SocketType", forbid("socket.SocketType", _INSTEAD))
    del PLACED[_socket_module.socket]  # in its own module it is what the real world's sockets are made of


def _socket(
    process: Process,
    _cls: type,
    family: int = -1,
    type: int = -1,  # noqa: A002 - its name there
    proto: int = -1,
    fileno: int | None = None,
) -> UnixProbe:
    if family == socket.AF_UNIX and type in {-1, socket.SOCK_STREAM} and proto in {-1, 0} and fileno is None:
        return UnixProbe(process)
    raise escape("socket.socket", _INSTEAD)


class UnixProbe:
    """A socket that can only find out whether somebody listens on a path."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def connect(self, path: str | bytes | os.PathLike[str]) -> None:
        """Connect: a `ConnectionRefusedError` or `FileNotFoundError` where nobody listens."""
        text = os.fsdecode(path)
        if self._process.host.unix_listening(text):
            return
        code = errno.ECONNREFUSED if Path(text).exists() else errno.ENOENT
        raise OSError(code, os.strerror(code))

    def settimeout(self, value: float | None) -> None:
        """Do nothing: it answers at once."""

    def close(self) -> None:
        """Do nothing: nothing was opened."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise escape(f"socket.socket.{name}", _INSTEAD)
