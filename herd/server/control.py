"""The control socket: an operator's questions to a running server, as lines of JSON on a Unix socket.

A request is one object, `{"command": "status"}`; its answer is one line, `{"ok": true, ...}` or `{"ok":
false, "error": "..."}`. Answers come in the order of requests. The socket has mode 0600 in a directory of
mode 0700: who may connect may do anything.
"""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.protocols.basic import LineOnlyReceiver

from herd.core.errors import HerdError
from herd.server.listening import StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from twisted.internet.interfaces import IAddress, IListeningPort

Command: TypeAlias = "Callable[[Mapping[str, Any]], dict[str, Any]]"
"""Takes the request; returns what the answer holds besides `ok`. A `HerdError` becomes an answer too."""

_MODE: Final = 0o600


class ControlConnection(LineOnlyReceiver):
    """One operator."""

    delimiter = b"\n"
    MAX_LENGTH = 65_536

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands

    def lineReceived(self, line: bytes) -> None:
        """Answer one request."""
        self.sendLine(json.dumps(self._answer(line)).encode())

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict):
            return {"ok": False, "error": "a request is one JSON object on a line"}
        command = self._commands.get(str(request.get("command")))
        if command is None:
            return {"ok": False, "error": f"no such command; there are: {', '.join(sorted(self._commands))}"}
        try:
            return {"ok": True, **command(request)}
        except HerdError as error:
            return {"ok": False, "error": str(error)}


class ControlFactory(Factory):
    """Makes control connections. `commands`: name -> what to do."""

    noisy = False

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands

    def buildProtocol(self, addr: IAddress | None) -> ControlConnection:
        """Make a connection."""
        return ControlConnection(self._commands)


def listen_control(reactor: Any, path: Path, factory: ControlFactory) -> IListeningPort:
    """Listen on the Unix socket `path`; a `StartError` if another server does, or it cannot be made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_stale(path)
        port: IListeningPort = reactor.listenUNIX(str(path), factory, mode=_MODE)
    except OSError as error:
        raise StartError(f"cannot make the control socket {path}: {error.strerror or error}") from None
    except CannotListenError as error:
        raise StartError(f"cannot make the control socket {path}: {error.socketError}") from None
    return port


def _remove_stale(path: Path) -> None:
    """Remove a socket that a killed server left behind. One that answers is another server's."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            if not path.is_socket():
                raise StartError(f"cannot make the control socket {path}: a file is in its place") from None
            path.unlink(missing_ok=True)
            return
    raise StartError(f"another server already answers on the control socket {path}")
