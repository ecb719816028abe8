"""Producers, consumers and windows: who may write when, and who is told to stop."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IPullProducer, IPushProducer
from twisted.protocols.basic import FileSender
from zope.interface import implementer

from tests.sim.conformance.ground import in_short
from tests.sim.conformance.peers import HalfPeer, Peer, all_lost, connected, pair
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from typing import Any

    from tests.sim.conformance.ground import Ground

CHUNK = b"0123456789abcdef" * 1024
"""16 KiB; four of them are what a transport buffers gladly."""
MANY = CHUNK * 64
WHOLE_CHUNKS = 1024
"""16 MiB: more than the windows of both ends take."""


@implementer(IPushProducer)
class Silent:
    """A producer that notes what it is told."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    def pauseProducing(self) -> None:
        self.ground.note("producer", "pause")

    def resumeProducing(self) -> None:
        self.ground.note("producer", "resume")

    def stopProducing(self) -> None:
        self.ground.note("producer", "stop")


@implementer(IPushProducer)
class Pump(Silent):
    """Writes chunks while it may; notes the first time of everything it is told."""

    def __init__(self, ground: Ground, consumer: Any) -> None:
        super().__init__(ground)
        self.consumer = consumer
        self.written = 0
        self.is_paused = False
        self.told: list[str] = []

    def run(self) -> None:
        while self.written < WHOLE_CHUNKS and not self.is_paused:
            self.written += 1
            self.consumer.write(CHUNK)
        if self.written == WHOLE_CHUNKS and not self.is_paused:
            self.consumer.unregisterProducer()
            self.ground.note("producer", "done")

    def tell(self, what: str) -> None:
        if what not in self.told:
            self.told.append(what)
            self.ground.note("producer", what)

    def pauseProducing(self) -> None:
        self.is_paused = True
        self.tell("pause")

    def resumeProducing(self) -> None:
        self.is_paused = False
        self.tell("resume")
        self.run()


@conforms(
    producer=["pause", "resume", "stuck", "done"],
    client=["made", in_short(CHUNK * WHOLE_CHUNKS)],
    server=["made"],
)
async def test_a_producer_waits_for_a_reader_that_has_paused(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.pauseProducing()
    pump = Pump(ground, server.transport)
    server.transport.registerProducer(pump, streaming=True)
    pump.run()
    written = 0
    while pump.written > written:
        written = pump.written
        await ground.moment()
    assert pump.is_paused
    ground.note("producer", "stuck" if 4 < pump.written < WHOLE_CHUNKS else "never stuck")
    client.transport.resumeProducing()
    await client.hears(len(CHUNK) * WHOLE_CHUNKS)


@conforms(
    producer=["4 chunks", "pause", "5 chunks", "pause", "6 chunks", "later", "resume"],
    client=["made", in_short(CHUNK * 6)],
    server=["made"],
)
async def test_every_write_beyond_64_kib_pauses(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.registerProducer(Silent(ground), streaming=True)
    for number in range(1, 7):
        server.transport.write(CHUNK)
        if number >= 4:
            ground.note("producer", f"{number} chunks")
    ground.note("producer", "later")
    await client.hears(len(CHUNK) * 6)
    await ground.until_noted("producer", 7)


@implementer(IPullProducer)
class Drip:
    """Says one word each time it is asked."""

    def __init__(self, ground: Ground, consumer: Any, words: list[bytes]) -> None:
        self.ground = ground
        self.consumer = consumer
        self.words = words

    def resumeProducing(self) -> None:
        self.ground.note("producer", "asked")
        if self.words:
            self.consumer.write(self.words.pop(0))
        else:
            self.consumer.unregisterProducer()

    def stopProducing(self) -> None:
        self.ground.note("producer", "stop")


@conforms(
    producer=["asked", "registered", "asked", "asked", "asked"],
    client=["made", b"one two three", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
)
async def test_a_pull_producer_is_asked_until_it_is_done(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.registerProducer(
        Drip(ground, server.transport, [b"one", b" two", b" three"]), streaming=False
    )
    ground.note("producer", "registered")
    await client.hears(13)
    await ground.until_noted("producer", 5)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    producer=["asked", "asked", "asked"],
    client=["made", b"one two", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
)
async def test_a_close_waits_for_a_pull_producer(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.registerProducer(Drip(ground, server.transport, [b"one", b" two"]), streaming=False)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    client=["made", in_short(MANY), "lost ConnectionDone"],
    server=["made", "fires bytes", "lost ConnectionDone"],
)
async def test_a_file_is_sent(ground: Ground) -> None:
    server, client = await pair(ground)
    sent = FileSender().beginFileTransfer(io.BytesIO(MANY), server.transport)
    await ground.outcome("server", sent)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    server=["made", "raises RuntimeError", "returns None", "returns None", "returns None", "returns None"],
    client=["made"],
)
async def test_one_producer_at_a_time(ground: Ground) -> None:
    server, _ = await pair(ground)
    server.transport.registerProducer(Silent(ground), streaming=True)
    ground.raises("server", server.transport.registerProducer, Silent(ground), streaming=True)
    ground.raises("server", server.transport.unregisterProducer)
    ground.raises("server", server.transport.unregisterProducer)
    ground.raises("server", server.transport.registerProducer, Silent(ground), streaming=True)
    ground.raises("server", server.transport.unregisterProducer)


@conforms(
    producer=["pause", "resume"],
    client=["made", in_short(MANY), "lost ConnectionDone"],
    server=["made", "asked to close", "unregistered", "lost ConnectionDone"],
)
async def test_a_close_waits_for_a_push_producer(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.registerProducer(Silent(ground), streaming=True)
    server.transport.write(MANY)
    server.note("asked to close")
    server.transport.loseConnection()
    await ground.until_noted("producer", 2)
    await ground.moment()
    server.note("unregistered")
    server.transport.unregisterProducer()
    await all_lost(ground, server, client)


@conforms(
    producer=["pause"],
    client=["made", in_short(MANY), "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
)
async def test_a_producer_that_is_done_is_told_nothing_more(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.registerProducer(Silent(ground), streaming=True)
    server.transport.write(MANY)
    server.transport.unregisterProducer()
    server.transport.loseConnection()
    await all_lost(ground, server, client)


class Announcing(Peer):
    """Registers a producer that notes under the peer's own name."""

    @implementer(IPushProducer)
    class Voice:
        def __init__(self, peer: Peer) -> None:
            self.peer = peer

        def pauseProducing(self) -> None:
            self.peer.note("pause")

        def resumeProducing(self) -> None:
            self.peer.note("resume")

        def stopProducing(self) -> None:
            self.peer.note("stop")

    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.registerProducer(self.Voice(self), streaming=True)


@conforms(server=["made", "stop", "lost ConnectionDone"], client=["made", "lost ConnectionDone"])
async def test_a_producer_is_stopped_before_the_loss_is_told(ground: Ground) -> None:
    server, client = await pair(ground, server=Announcing)
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    server=["made", "aborting", "aborted", "stop", "lost ConnectionAborted"],
    client=["made", "lost ConnectionLost"],
)
async def test_an_abort_stops_the_producer(ground: Ground) -> None:
    server, client = await pair(ground, server=Announcing)
    server.note("aborting")
    server.transport.abortConnection()
    server.note("aborted")
    await all_lost(ground, server, client)


@conforms(producer=["stop"], server=["made", "lost ConnectionDone"], client=["made", "lost ConnectionDone"])
async def test_a_producer_for_a_lost_connection_is_stopped_at_once(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.loseConnection()
    await all_lost(ground, server, client)
    server.transport.registerProducer(Silent(ground), streaming=True)


@conforms(
    server=["made", "half-closing", "pause", "resume", "unregistered", "write lost"],
    client=["made", in_short(MANY), "read lost"],
)
async def test_a_half_close_waits_for_a_producer(ground: Ground) -> None:
    server, client = HalfAnnouncing(ground, "server"), HalfPeer(ground, "client")
    await connected(ground, server, client)
    server.note("half-closing")
    server.transport.loseWriteConnection()
    server.transport.write(MANY)
    await ground.until_noted("server", 4)
    server.note("unregistered")
    server.transport.unregisterProducer()
    server.transport.loseWriteConnection()
    await ground.until_noted("client", 3)


class HalfAnnouncing(Announcing, HalfPeer):
    pass
