"""Readers that pause: what waits for them, and what they are told of the other end only when they go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sim.conformance.ground import in_short
from tests.sim.conformance.peers import Peer, all_lost, connected, pair
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sim.conformance.ground import Event, Ground

MANY = b"0123456789abcdef" * 65_536
TOO_MUCH = MANY * 16
"""16 MiB: more than the windows of both ends take."""


@conforms(
    client=["made", "paused", "resumed", b"all of it"],
    server=["made"],
)
async def test_a_paused_reader_hears_nothing_until_it_resumes(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.pauseProducing()
    client.note("paused")
    server.transport.write(b"all ")
    await ground.moment()
    server.transport.write(b"of it")
    await ground.moment()
    client.note("resumed")
    client.transport.resumeProducing()
    await client.hears(9)


class Shy(Peer):
    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.pauseProducing()


@conforms(client=["made", "resumed", b"early"], server=["made"])
async def test_a_reader_may_pause_when_the_connection_is_made(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Shy(ground, "client")
    await connected(ground, server, client)
    server.transport.write(b"early")
    await ground.moment()
    client.note("resumed")
    client.transport.resumeProducing()
    await client.hears(5)


class OneByOne(Peer):
    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        self.transport.pauseProducing()
        self.note("paused")


@conforms(
    client=["made", b"1", "paused", "resumed", b"2", "paused"],
    server=["made"],
)
async def test_a_reader_may_pause_when_it_hears(ground: Ground) -> None:
    server, client = await pair(ground, client=OneByOne)
    server.transport.write(b"1")
    await ground.until_noted("client", 3)
    server.transport.write(b"2")
    await ground.moment()
    client.note("resumed")
    client.transport.resumeProducing()
    await ground.until_noted("client", 6)


@conforms(
    client=["made", "resumed", b"last words", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
)
async def test_a_paused_reader_is_told_of_a_close_when_it_resumes(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.pauseProducing()
    server.transport.write(b"last words")
    server.transport.loseConnection()
    await server.lost()
    await ground.moment()
    client.note("resumed")
    client.transport.resumeProducing()
    await client.lost()


@conforms(
    client=["made", "resumed", "lost ConnectionLost"],
    server=["made", "lost ConnectionAborted"],
)
async def test_a_paused_reader_is_told_of_an_abort_when_it_resumes(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.pauseProducing()
    server.transport.abortConnection()
    await server.lost()
    await ground.moment()
    client.note("resumed")
    client.transport.resumeProducing()
    await client.lost()


@conforms(
    client=["made", "lost ConnectionLost"],
    server=["made", "lost ConnectionAborted"],
)
async def test_a_paused_reader_that_writes_is_told_of_an_abort(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.pauseProducing()
    client.transport.pauseProducing()
    client.transport.write(TOO_MUCH)
    await ground.moment()
    server.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_to_stop_a_transport_is_to_close_it(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.stopProducing()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_who_has_closed_does_not_read_again(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.write(b"unheard")
    client.transport.loseConnection()
    client.transport.resumeProducing()
    await all_lost(ground, server, client)
    client.transport.pauseProducing()
    client.transport.resumeProducing()


FAR: Sequence[Event] = ["made", in_short(MANY)]


@conforms(**{"far client": FAR, "far server": ["made"], "near client": ["made"], "near server": ["made"]})
async def test_one_transport_is_the_producer_of_another(ground: Ground) -> None:
    source, inlet = Peer(ground, "near server"), Forwarding(ground, "near client")
    outlet, sink = Peer(ground, "far server"), Peer(ground, "far client")
    await connected(ground, source, inlet)
    await connected(ground, outlet, sink)
    inlet.onward = outlet.transport
    outlet.transport.registerProducer(inlet.transport, streaming=True)
    sink.transport.pauseProducing()
    source.transport.write(MANY)
    await ground.moment()
    sink.transport.resumeProducing()
    await sink.hears(len(MANY))


class Forwarding(Peer):
    onward: Any

    def dataReceived(self, data: bytes) -> None:
        self.onward.write(data)
