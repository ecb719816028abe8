"""Servers that are asked for places and are no help: each answers every request with the same bytes.

On real sockets they are threads, for the herd may be in this very process; simulated they are programs.
"""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol

from herd.sim.engine.programs import Call

if TYPE_CHECKING:
    from twisted.internet.tcp import Connection

    from tests.stage import Stage

_PORT: Final = 8080
_REQUEST_BYTES: Final = 65_536


class PlacesServers(Protocol):
    """Starts servers, on whatever ground the test is played."""

    def serve(self, reply: bytes | None) -> str:
        """Start a server and return its URL: each request gets these bytes and a close; for None nothing."""

    def nobody(self) -> str:
        """Return a URL at which nobody listens."""


class RealPlaces(ExitStack):
    """Servers on 127.0.0.1; they end with the `with`."""

    def serve(self, reply: bytes | None) -> str:
        """Start a server in a thread."""
        listening = self.enter_context(socket.create_server(("127.0.0.1", 0)))
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                held.append(connection)
                if reply is not None:
                    connection.recv(_REQUEST_BYTES)
                    connection.sendall(reply)
                    connection.close()

        def end() -> None:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in held:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        self.callback(end)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    def nobody(self) -> str:
        """Return the URL of a port that was free a moment ago."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            return f"http://127.0.0.1:{listening.getsockname()[1]}"


class SimulatedPlaces:
    """Servers on hosts of their own."""

    def __init__(self, stage: Stage) -> None:
        self._simulation = stage.simulation

    def serve(self, reply: bytes | None) -> str:
        """Start a server."""
        host = self._simulation.host("places")
        host.start(Call(_listen, reply))
        return f"http://{host.address}:{_PORT}"

    def nobody(self) -> str:
        """Return the URL of a host that runs nothing."""
        return f"http://{self._simulation.host('places').address}:{_PORT}"


class _Answer(TwistedProtocol):
    transport: Connection

    def __init__(self, reply: bytes | None) -> None:
        self._reply = reply

    def dataReceived(self, data: bytes) -> None:  # noqa: ARG002 - whatever it is
        if self._reply is not None:
            self.transport.write(self._reply)
            self.transport.loseConnection()


def _listen(reactor: Any, reply: bytes | None) -> None:
    factory = Factory.forProtocol(lambda: _Answer(reply))
    factory.noisy = False
    reactor.listenTCP(_PORT, factory)
