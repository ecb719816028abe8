"""TCP connections: how they are made, what they carry, and each way in which they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.conformance.ground import in_short
from tests.sim.conformance.peers import Echo, HalfPeer, Peer, all_lost, connected, pair
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground

MANY = bytes(range(256)) * 4096
"""1 MiB: more than what the kernel takes at once."""

DONE = "Connection was closed cleanly."
ABORTED = "Connection was aborted locally using ITCPTransport.abortConnection."
LOST = "Connection to the other side was lost in a non-clean fashion."


@conforms(client=["made", b"ping", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_an_echo_comes_back(ground: Ground) -> None:
    server, client = await pair(ground, server=Echo)
    client.transport.write(b"ping")
    await client.hears(4)
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_the_acceptor_closes(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


class Explaining(Peer):
    def connectionLost(self, reason: object = None) -> None:
        self.note(reason.getErrorMessage(), str(reason.value), repr(reason.value.args))  # type: ignore[attr-defined]
        super().connectionLost(reason)  # type: ignore[arg-type]


@conforms(
    client=["made", f"{DONE} {DONE} ()", "lost ConnectionDone"],
    server=["made", f"{DONE} {DONE} ()", "lost ConnectionDone"],
)
async def test_the_reason_of_a_close_in_words(ground: Ground) -> None:
    server, client = await pair(ground, Explaining, Explaining)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    client=["made", f"{ABORTED} {ABORTED} ()", "lost ConnectionAborted"],
    server=["made", f"{LOST} {LOST} ()", "lost ConnectionLost"],
)
async def test_the_reason_of_an_abort_in_words(ground: Ground) -> None:
    server, client = await pair(ground, Explaining, Explaining)
    client.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionAborted"], server=["made", "lost ConnectionLost"])
async def test_the_dialer_aborts(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionLost"], server=["made", "lost ConnectionAborted"])
async def test_the_acceptor_aborts(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(
    client=["made", "aborting", "aborted", "lost ConnectionAborted"], server=["made", "lost ConnectionLost"]
)
async def test_an_abort_is_told_in_the_next_turn_and_only_once(ground: Ground) -> None:
    server, client = await pair(ground)
    client.note("aborting")
    client.transport.abortConnection()
    client.transport.abortConnection()
    client.transport.loseConnection()
    client.note("aborted")
    await all_lost(ground, server, client)
    client.transport.abortConnection()


@conforms(client=["made", in_short(MANY), "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_a_close_waits_for_what_is_written(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.write(MANY)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionLost"], server=["made", "lost ConnectionAborted"])
async def test_an_abort_throws_away_what_is_written(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.write(MANY)
    server.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionLost"], server=["made", "lost ConnectionAborted"])
async def test_an_abort_after_a_close_throws_away_what_is_left(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.write(MANY)
    server.transport.loseConnection()
    server.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_a_close_with_data_unread_is_clean_for_who_only_reads(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.pauseProducing()
    client.transport.write(b"never read")
    await ground.moment()
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_a_close_with_data_unread_is_clean_for_who_reads_and_writes(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.pauseProducing()
    client.transport.write(MANY * 8)
    await ground.moment()
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_both_close_in_one_turn(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.loseConnection()
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionAborted"], server=["made", "lost ConnectionAborted"])
async def test_both_abort_in_one_turn(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.abortConnection()
    client.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionDone"], server=["made", b"before, after", "lost ConnectionDone"])
async def test_a_write_in_the_turn_of_the_close_is_sent(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.write(b"before")
    client.transport.loseConnection()
    client.transport.write(b", after")
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_a_write_to_a_lost_connection_is_dropped(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.loseConnection()
    await all_lost(ground, server, client)
    client.transport.write(b"too late")
    client.transport.writeSequence([b"too", b"late"])
    server.transport.write(b"too late")
    server.transport.loseConnection()
    await ground.turn()


@conforms(
    client=["made", "lost ConnectionDone"],
    server=["made", "read lost", "first write", "second write", "lost ConnectionLost"],
)
async def test_writes_to_a_peer_that_has_closed_end_in_a_reset(ground: Ground) -> None:
    server, client = await pair(ground, server=HalfPeer)
    client.transport.loseConnection()
    await ground.until_noted("server", 2)
    server.note("first write")
    server.transport.write(b"nobody")
    await ground.moment()
    server.note("second write")
    server.transport.write(b"nobody")
    await server.lost()


class Greeting(Peer):
    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.write(b"hello from " + self.name.encode())


@conforms(client=["made", b"hello from server"], server=["made", b"hello from client"])
async def test_both_write_when_the_connection_is_made(ground: Ground) -> None:
    server, client = await pair(ground, Greeting, Greeting)
    await server.hears(17)
    await client.hears(17)


class Curt(Peer):
    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.write(b"go away")
        self.transport.loseConnection()


@conforms(client=["made", b"go away", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_a_close_when_the_connection_is_made(ground: Ground) -> None:
    server, client = await pair(ground, server=Curt)
    await all_lost(ground, server, client)


class Brusque(Peer):
    def connectionMade(self) -> None:
        super().connectionMade()
        self.transport.abortConnection()


@conforms(client=["made", "lost ConnectionLost"], server=["made", "lost ConnectionAborted"])
async def test_an_abort_when_the_connection_is_made(ground: Ground) -> None:
    server, client = Brusque(ground, "server"), Peer(ground, "client")
    await connected(ground, server, client)
    await all_lost(ground, server, client)


class Answering(Peer):
    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        self.transport.write(b"answer")
        self.transport.loseConnection()


@conforms(client=["made", b"answer", "lost ConnectionDone"], server=["made", b"?", "lost ConnectionDone"])
async def test_an_answer_and_a_close(ground: Ground) -> None:
    server, client = await pair(ground, server=Answering)
    client.transport.write(b"?")
    await all_lost(ground, server, client)


@conforms(
    client=["made", b"".join(b"%d," % n for n in range(30)), "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
)
async def test_writes_keep_their_order(ground: Ground) -> None:
    server, client = await pair(ground)
    for number in range(30):
        server.transport.write(b"%d," % number)
        if number % 7 == 0:
            await ground.turn()
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", b"onetwothree", "lost ConnectionDone"], server=["made", "lost ConnectionDone"])
async def test_a_sequence_is_written_in_order(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.writeSequence([b"one", b"", b"two"])
    server.transport.writeSequence([])
    server.transport.write(b"")
    server.transport.write(b"three")
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", in_short(MANY)], server=["made", in_short(MANY[::-1])])
async def test_much_goes_both_ways_at_once(ground: Ground) -> None:
    server, client = await pair(ground)
    server.transport.write(MANY)
    client.transport.write(MANY[::-1])
    await server.hears(len(MANY))
    await client.hears(len(MANY))


@conforms(
    client=["made", "raises TypeError", "raises TypeError", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
)
async def test_text_is_refused(ground: Ground) -> None:
    server, client = await pair(ground)
    ground.raises("client", client.transport.write, "text")
    ground.raises("client", client.transport.writeSequence, [b"bytes", "text"])
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    client=["made", "True False False", "True True False", "lost ConnectionDone", "False True True"],
    server=["made", "lost ConnectionDone", "False False True"],
)
async def test_a_transport_tells_its_state(ground: Ground) -> None:
    server, client = await pair(ground)

    def tell(peer: Peer) -> None:
        transport = peer.transport
        peer.note(bool(transport.connected), bool(transport.disconnecting), bool(transport.disconnected))

    tell(client)
    client.transport.loseConnection()
    tell(client)
    await all_lost(ground, server, client)
    tell(client)
    tell(server)


@conforms(
    client=["made", "connected 1", "lost ConnectionDone", "connected 1"],
    server=["made", "lost ConnectionDone"],
)
async def test_a_protocol_keeps_its_transport_and_says_connected(ground: Ground) -> None:
    server, client = await pair(ground)
    client.note("connected", client.connected)
    client.transport.loseConnection()
    await all_lost(ground, server, client)
    client.note("connected", client.connected)
    assert client.transport is not None


class Awake(Peer):
    def dataReceived(self, data: bytes) -> None:
        if not data:
            self.note("hears nothing")
        super().dataReceived(data)


@conforms(client=["made", b"hello"], server=["made"])
async def test_a_sequence_of_nothing_sends_nothing(ground: Ground) -> None:
    server, client = await pair(ground, client=Awake)
    server.transport.writeSequence([b""])
    await ground.moment()
    server.transport.writeSequence([b"", b""])
    server.transport.write(b"hello")
    await client.hears(5)


@conforms(client=["made", b"hello"], server=["made"])
async def test_a_sequence_of_nothing_is_no_end_to_who_reads_later(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.pauseProducing()
    server.transport.writeSequence([b""])
    await ground.moment()
    client.transport.resumeProducing()
    await ground.moment()
    server.transport.write(b"hello")
    await client.hears(5)
