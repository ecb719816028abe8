"""Scripts against a real server process, over sockets."""

from __future__ import annotations

import os
import selectors
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import evolve
from fuzzing.oracle import Clock, Oracle, Wrong

from herd.config.load import load_config
from herd.testing.processes import ProcessHerd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fuzzing.inputs import Script

NAME: Final = "Alford"
PATIENCE_S: Final = 30.0
"""How long one connection may take: milliseconds, unless the machine is very busy."""


class Server(ExitStack):
    """One server process; every connection ends with a half-close, so that all of it must be answered."""

    def __init__(self) -> None:
        super().__init__()
        config = load_config()
        alone = evolve(config.server(NAME), neighbors=())
        self._herd = self.enter_context(ProcessHerd(evolve(config, servers=(alone,))))
        self._address = self._herd.address(NAME)
        self.oracle = Oracle(NAME.encode(), config.limits.line_bytes, config.limits.client_id_bytes)

    def run(self, script: Script) -> None:
        """Hold one connection; `Wrong` says what it should not have got."""
        cuts = script.cuts()
        chunks = [script.data[start:end] for start, end in zip([0, *cuts], cuts, strict=False)]
        low_ns = time.time_ns()
        try:
            got = self._converse(chunks)
        except OSError as error:
            raise Wrong(f"the server broke off: {error}; it printed: {self._last_words()}") from None
        clock = Clock(low_ns, time.time_ns())
        self.oracle.check(script.data, got, lambda _size: clock, ended=True)

    def memory_bytes(self) -> int:
        """Return the resident memory of the server process."""
        fields = Path(f"/proc/{self._herd.pid(NAME)}/statm").read_text("ascii").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def finish(self) -> None:
        """Check that the server still knows as many clients as it should, and printed no error."""
        held = self._herd.status(NAME)["records"]
        if held != len(self.oracle.records):
            raise Wrong(f"{held} clients are held and not {len(self.oracle.records)}")
        if "Traceback" in self._herd.output(NAME):
            raise Wrong(f"the server printed: {self._last_words()}")

    def _last_words(self) -> str:
        return self._herd.output(NAME)[-2000:]

    def _converse(self, chunks: Iterable[bytes]) -> bytes:
        """Send chunks, each by itself, and read whatever comes meanwhile and after the half-close."""
        waiting = [chunk for chunk in chunks if chunk][::-1]
        got = bytearray()
        deadline_s = time.monotonic() + PATIENCE_S
        with socket.create_connection((self._address.host, self._address.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setblocking(False)  # noqa: FBT003 - the library's
            with selectors.DefaultSelector() as selector:
                selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
                while True:
                    ready = selector.select(max(0.0, deadline_s - time.monotonic()))
                    if not ready:
                        raise Wrong(f"the connection is still open after {PATIENCE_S:g} s")
                    if ready[0][1] & selectors.EVENT_READ:
                        chunk = connection.recv(65_536)
                        if not chunk:
                            return bytes(got)
                        got += chunk
                    elif waiting:
                        _send(connection, waiting)
                    else:
                        selector.modify(connection, selectors.EVENT_READ)
                        _end(connection)


def _send(connection: socket.socket, waiting: list[bytes]) -> None:
    """Send some of the next chunk; to a server that has refused the rest already, nothing."""
    chunk = waiting.pop()
    try:
        rest = chunk[connection.send(chunk) :]
    except (BrokenPipeError, ConnectionResetError):
        waiting.clear()
        return
    if rest:
        waiting.append(rest)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):  # the server was quicker
        connection.shutdown(socket.SHUT_WR)
