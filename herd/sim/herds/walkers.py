"""A client on a host of its own, with a connection to each server that it has something to say to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.endpoints import TCP4ClientEndpoint

from herd.sim.engine.programs import Call
from herd.sim.herds.clients import Client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.sim.engine.host import Host
    from herd.sim.herds.history import History

AUDITOR: Final = "auditor"
"""Who reports to every server and asks it when all has settled."""
_DIAL_TIMEOUT_S: Final = 5.0


class Walker:
    """One client."""

    def __init__(self, host: Host, addresses: Mapping[str, tuple[str, int]], history: History) -> None:
        self._addresses = addresses
        self._history = history
        self._clients: dict[str, Client] = {}
        self._reactor: Any = None
        self._host = host
        self._process = host.start(Call(self._begin), name=host.name)

    @property
    def is_waiting(self) -> bool:
        """Tell whether it has something to say, or waits for an answer that may come."""
        return any(each.is_waiting for each in self._clients.values())

    @property
    def unreached(self) -> list[str]:
        """Return the servers that it has something to say to, and no connection with."""
        return [each.server for each in self._clients.values() if each.is_waiting and not each.is_connected]

    def _begin(self, reactor: Any) -> None:
        self._reactor = reactor

    def say(self, server: str, data: bytes) -> None:
        """Send bytes to a server, now or as soon as there is a connection."""
        simulation = self._host.simulation
        simulation.schedule(simulation.now_ns, self._process, self._say, (server, data))

    def _say(self, server: str, data: bytes) -> None:
        client = self._clients.get(server)
        if client is None:
            host, port = self._addresses[server]
            client = self._clients[server] = Client(
                self._reactor,
                TCP4ClientEndpoint(self._reactor, host, port, timeout=_DIAL_TIMEOUT_S),
                self._history,
                name=self._host.name,
                server=server,
                plan=(),
                redials=self._process.random,
            )
            client.start()
        client.say(data)
