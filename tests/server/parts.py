"""A client connection with nothing around it but a clock: no socket, no reactor, places answered by hand."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from herd.core.limits import Limits
from herd.core.record import make_line, origin_prefix
from herd.core.replica import Replica
from herd.places.answers import render
from herd.places.finder import Finder
from herd.server.clientcontext import ClientContext
from herd.server.clients import ClientConnection, ClientFactory
from herd.server.connections import Connections
from herd.server.eventlog import EventLog
from herd.server.world import World
from herd.testing import HeldPlaces, MemoryTransport, TurningClock, answer_of

if TYPE_CHECKING:
    from collections.abc import Callable

NOW_NS = 1_479_413_884_655_887_836
"""The clock of Alford in the specification's example."""

IAMAT = b"IAMAT kiwi +34.068930-118.445127 1479413884.392014450\n"
AT = b"AT Alford +0.263873386 kiwi +34.068930-118.445127 1479413884.392014450\n"
POSITION = b"+34.068930-118.445127"


def at_line(client_id: bytes, time: bytes) -> bytes:
    """Return the record of a report that Alford gets now."""
    return make_line(origin_prefix("Alford"), NOW_NS, client_id, POSITION, time)


def places_text(*names: str) -> bytes:
    """Return what a client gets for an answer with these places."""
    return render(answer_of(*names), 20)


def world_of(clock: Any, wall_ns: Callable[[], int] = lambda: NOW_NS, seed: object = 0) -> World:
    """Return a world whose wall clock stands still."""
    return World(clock, wall_ns, random.Random(str(seed)))


class ClientSide:
    """The parts of Alford that its clients see."""

    def __init__(self, **limits: Any) -> None:
        self.clock = TurningClock()
        self.places = HeldPlaces()
        self.logged: list[str] = []
        self.limits = Limits(**limits)
        world = world_of(self.clock)
        self.replica = Replica("Alford", ["Ball"], self.limits)
        self.connections: Connections[ClientConnection] = Connections()
        self.context = ClientContext(
            replica=self.replica,
            finder=Finder(self.places, world.reactor, self.limits.places_timeout_s),
            limits=self.limits,
            log=EventLog("Alford", world, self.logged.append, lines=True, as_json=False),
            world=world,
            connections=self.connections,
        )

    def connect(self, said: bytes = b"") -> MemoryTransport:
        """Return the transport of a new client that has said something."""
        transport = MemoryTransport(self.clock)
        transport.connect(ClientFactory(self.context).buildProtocol(None))
        if said:
            transport.receive(said)
        return transport

    def turn(self) -> None:
        """Let all happen that needs no time."""
        self.clock.turns()

    def end(self, transport: MemoryTransport) -> bytes:
        """Half-close as the client; return all that is answered from then on."""
        transport.receive_end()
        self.turn()
        return transport.take()

    @property
    def timers(self) -> list[Any]:
        """Return the calls that are waiting."""
        return list(self.clock.getDelayedCalls())
