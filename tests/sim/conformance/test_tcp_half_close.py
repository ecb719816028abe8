"""Half-closed TCP connections: one direction ends, the other goes on, where both ends can bear it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.interfaces import IHalfCloseableProtocol
from zope.interface import implementer

from tests.sim.conformance.ground import in_short
from tests.sim.conformance.peers import HalfPeer, Peer, all_lost, pair
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground

MANY = b"0123456789abcdef" * 65_536


@conforms(
    client=["made", "write lost", b"still here", "read lost", "lost ConnectionDone"],
    server=["made", b"that was all", "read lost", "lost ConnectionDone"],
)
async def test_the_dialer_has_said_all_and_goes_on_listening(ground: Ground) -> None:
    server, client = await pair(ground, HalfPeer, HalfPeer)
    client.transport.write(b"that was all")
    client.transport.loseWriteConnection()
    await ground.until_noted("server", 3)
    server.transport.write(b"still here")
    await client.hears(10)
    server.transport.loseConnection()
    await server.lost()
    await ground.until_noted("client", 4)
    client.transport.loseConnection()
    await client.lost()


@conforms(
    client=["made", b"that was all", "read lost", "lost ConnectionDone"],
    server=["made", "write lost", b"still here", "read lost", "lost ConnectionDone"],
)
async def test_the_acceptor_has_said_all_and_goes_on_listening(ground: Ground) -> None:
    server, client = await pair(ground, HalfPeer, HalfPeer)
    server.transport.write(b"that was all")
    server.transport.loseWriteConnection()
    await ground.until_noted("client", 3)
    client.transport.write(b"still here")
    await server.hears(10)
    client.transport.loseConnection()
    await client.lost()
    await ground.until_noted("server", 4)
    server.transport.loseConnection()
    await server.lost()


@conforms(
    client=["made", "lost ConnectionDone"],
    server=["made", b"all", "lost ConnectionDone"],
)
async def test_who_cannot_bear_it_closes_both(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.write(b"all")
    client.transport.loseWriteConnection()
    await all_lost(ground, server, client)


@conforms(
    client=["made", "write lost", "read lost", "lost ConnectionDone"],
    server=["made", "lost ConnectionDone"],
)
async def test_who_can_bear_it_is_told_of_the_end_of_the_other_too(ground: Ground) -> None:
    server, client = await pair(ground, client=HalfPeer)
    client.transport.loseWriteConnection()
    await server.lost()
    await ground.until_noted("client", 3)
    client.transport.loseConnection()
    await client.lost()


@conforms(
    client=["made", "write lost", "read lost", "lost ConnectionDone"],
    server=["made", "read lost", "write lost", "lost ConnectionDone"],
)
async def test_both_directions_end_one_after_the_other(ground: Ground) -> None:
    server, client = await pair(ground, HalfPeer, HalfPeer)
    client.transport.loseWriteConnection()
    await ground.until_noted("server", 2)
    server.transport.loseWriteConnection()
    await ground.until_noted("client", 3)
    server.transport.loseConnection()
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    client=["made", "write lost", in_short(MANY)],
    server=["made", in_short(MANY), "read lost"],
)
async def test_a_half_close_waits_for_what_is_written(ground: Ground) -> None:
    server, client = await pair(ground, HalfPeer, HalfPeer)
    client.transport.write(MANY)
    client.transport.loseWriteConnection()
    await ground.until_noted("server", 3)
    server.transport.write(MANY)
    await client.hears(len(MANY))


@conforms(
    client=["made", "asked", "write lost", "lost ConnectionDone"],
    server=["made", b"before", "read lost", "lost ConnectionDone"],
)
async def test_a_write_after_a_half_close_is_dropped(ground: Ground) -> None:
    server, client = await pair(ground, HalfPeer, HalfPeer)
    client.transport.write(b"before")
    client.transport.loseWriteConnection()
    client.note("asked")
    await ground.until_noted("client", 3)
    client.transport.write(b"dropped")
    client.transport.writeSequence([b"dropped"])
    await ground.until_noted("server", 3)
    client.transport.loseConnection()
    await client.lost()
    server.transport.loseConnection()
    await server.lost()


@conforms(
    client=["made", "write lost", "lost ConnectionLost"],
    server=["made", "read lost", "lost ConnectionDone"],
)
async def test_a_second_half_close_loses_the_connection(ground: Ground) -> None:
    server, client = await pair(ground, HalfPeer, HalfPeer)
    client.transport.loseWriteConnection()
    await ground.until_noted("server", 2)
    client.transport.loseWriteConnection()
    await client.lost()
    server.transport.loseConnection()
    await server.lost()


@conforms(
    client=["made", "write lost", "closing", "lost ConnectionDone", "closed"],
    server=["made", "lost ConnectionDone"],
)
async def test_a_close_after_a_half_close_is_told_at_once(ground: Ground) -> None:
    server, client = await pair(ground, client=HalfPeer)
    server.transport.pauseProducing()
    client.transport.loseWriteConnection()
    await ground.until_noted("client", 2)
    client.note("closing")
    client.transport.loseConnection()
    client.note("closed")
    server.transport.resumeProducing()
    await server.lost()


@conforms(
    client=["made", "write lost", "lost ConnectionAborted"],
    server=["made", "read lost", "lost ConnectionLost"],
)
async def test_an_abort_after_a_half_close(ground: Ground) -> None:
    server, client = await pair(ground, HalfPeer, HalfPeer)
    client.transport.loseWriteConnection()
    await ground.until_noted("server", 2)
    client.transport.abortConnection()
    await client.lost()
    await ground.moment()
    server.transport.write(b"to nobody")
    await server.lost()


@conforms(
    client=["made", b"the rest"],
    server=["made", "read lost"],
)
async def test_a_dialer_that_is_told_nothing_can_half_close_as_well(ground: Ground) -> None:
    server, client = await pair(ground, server=HalfPeer)
    client.transport.loseWriteConnection()
    await ground.until_noted("server", 2)
    server.transport.write(b"the rest")
    await client.hears(8)


@conforms(
    client=["made", "lost ConnectionDone"],
    server=["made", "read lost", "lost ConnectionDone"],
)
async def test_a_whole_close_is_a_read_half_close_first(ground: Ground) -> None:
    server, client = await pair(ground, server=HalfPeer)
    client.transport.loseConnection()
    await ground.until_noted("server", 2)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@implementer(IHalfCloseableProtocol)
class Clumsy(Peer):
    def readConnectionLost(self) -> None:
        self.note("read lost")
        raise ZeroDivisionError

    def writeConnectionLost(self) -> None:
        self.note("write lost")
        raise ZeroDivisionError


@conforms(
    client=["made", "write lost", "read lost"],
    server=["made", "read lost", "lost ZeroDivisionError"],
    log=["ZeroDivisionError"],
)
async def test_an_error_when_reading_ends_ends_the_connection(ground: Ground) -> None:
    server, client = await pair(ground, Clumsy, HalfPeer)
    client.transport.loseWriteConnection()
    await server.lost()
    await ground.until_noted("client", 3)


@conforms(
    client=["made", "write lost", "lost ZeroDivisionError"],
    server=["made", "lost ConnectionDone"],
    log=["ZeroDivisionError"],
)
async def test_an_error_when_writing_ends_ends_the_connection(ground: Ground) -> None:
    server, client = await pair(ground, client=Clumsy)
    client.transport.loseWriteConnection()
    await all_lost(ground, server, client)


@conforms(client=["made", "lost ConnectionDone", "raises ValueError"], server=["made", "lost ConnectionDone"])
async def test_no_direction_can_be_closed_of_what_is_lost(ground: Ground) -> None:
    server, client = await pair(ground)
    client.transport.loseConnection()
    await all_lost(ground, server, client)
    ground.raises("client", client.transport.loseWriteConnection)


@conforms(
    client=["made", "open True", "lost ConnectionLost", "open False"],
    server=["made", "lost ConnectionAborted"],
)
async def test_a_socket_is_open_until_its_program_knows_of_the_end(ground: Ground) -> None:
    server, client = await pair(ground)
    handle = client.transport.getHandle()
    client.transport.pauseProducing()
    server.transport.abortConnection()
    await ground.moment()
    client.note("open", handle.fileno() > 0)
    client.transport.resumeProducing()
    await all_lost(ground, server, client)
    client.note("open", handle.fileno() > 0)
