"""A trivial server that answers as a herd would, for hardly any cost: what is left is the generator's own.

An IAMAT's answer is the IAMAT with other first words, so a whole chunk is answered by one replacement. That
costs some hundredths of a microsecond a command, next to a plain echo.
"""

from __future__ import annotations

import re
import selectors
import socket
import time
from typing import Final

from attrs import define

from herd.config.model import Address

AT: Final = b"AT Trivial +0.000000000 "
READ_BYTES: Final = 65_536
_WHATSAT: Final = re.compile(rb"^WHATSAT ([^ ]+) [^\n]*\n", re.MULTILINE)
_PLACES: Final = AT + rb'\1 +0.0+0.0 0\n{"html_attributions": [], "results": [], "status": "OK"}\n\n'


def answers(commands: bytes) -> bytes:
    """Return the answers to whole lines."""
    answered = commands.replace(b"IAMAT ", AT)
    return _WHATSAT.sub(_PLACES, answered) if b"WHATSAT" in commands else answered


@define(eq=False)
class Talk:
    """One connection's bytes: commands that are not whole, answers that the socket did not take."""

    rest: bytes = b""
    unsent: bytes = b""


class AnsweringServer:
    """Listens on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listening.setblocking(False)  # noqa: FBT003 - the socket's
        self.address = Address(*self._listening.getsockname())
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)

    def serve(self, seconds: float) -> None:
        """Answer for so long."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            for key, events in self._selector.select(0.1):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                if connection is self._listening:
                    accepted, _ = connection.accept()
                    accepted.setblocking(False)  # noqa: FBT003 - the socket's
                    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._selector.register(accepted, selectors.EVENT_READ, Talk())
                elif not self._serve(connection, key.data, events):
                    self._selector.unregister(connection)
                    connection.close()

    def _serve(self, connection: socket.socket, talk: Talk, events: int) -> bool:
        """Read or write; tell whether the connection is still there. It reads on once all was taken."""
        try:
            if events & selectors.EVENT_READ:
                data = connection.recv(READ_BYTES)
                if not data:
                    return False
                lines, newline, talk.rest = (talk.rest + data).rpartition(b"\n")
                talk.unsent = answers(lines + newline)
            was_full = events & selectors.EVENT_WRITE
            talk.unsent = talk.unsent[connection.send(talk.unsent) :]
            if bool(talk.unsent) is not bool(was_full):
                wanted = selectors.EVENT_WRITE if talk.unsent else selectors.EVENT_READ
                self._selector.modify(connection, wanted, talk)
        except BlockingIOError:
            self._selector.modify(connection, selectors.EVENT_WRITE, talk)
        except OSError:
            return False
        return True
