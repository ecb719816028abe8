"""Unix sockets: streams between programs of one machine, at paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorUNIX, ITransport, IUNIXTransport
from zope.interface.verify import verifyObject

from tests.sim.conformance.ground import in_short, unclosed
from tests.sim.conformance.peers import Dialer, HalfPeer, Listener, Peer, Single, all_lost
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from tests.sim.conformance.ground import Ground

MANY = b"0123456789abcdef" * 65_536


async def pair_at(ground: Ground, name: str, server: Peer, client: Peer) -> Any:
    """Connect two peers at a path, and return the port."""
    path = str(ground.directory / name)
    port = ground.reactor.listenUNIX(path, Single(server))
    ground.at_the_end(port.stopListening)
    ground.reactor.connectUNIX(path, Single(client))
    await ground.until(lambda: server.is_made and client.is_made)
    return port


@conforms(
    server=["made", b"question", "lost ConnectionDone"], client=["made", b"answer", "lost ConnectionDone"]
)
async def test_two_talk_at_a_path(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    await pair_at(ground, "socket", server, client)
    client.transport.write(b"question")
    await server.hears(8)
    server.transport.write(b"answer")
    await client.hears(6)
    client.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(server=["made", "lost ConnectionDone"], client=["made", in_short(MANY), "lost ConnectionDone"])
async def test_a_close_waits_for_what_is_written(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    await pair_at(ground, "socket", server, client)
    server.transport.write(MANY)
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(server=["made", "lost ConnectionAborted"], client=["made", "lost ConnectionDone"])
async def test_an_abort_is_a_clean_end_for_the_other(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    await pair_at(ground, "socket", server, client)
    server.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(server=["made", "lost ConnectionAborted"], client=["made", "lost ConnectionLost"])
async def test_an_abort_with_data_unread_is_a_reset(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    await pair_at(ground, "socket", server, client)
    server.transport.pauseProducing()
    client.transport.write(b"never read")
    await ground.moment()
    server.transport.abortConnection()
    await all_lost(ground, server, client)


@conforms(server=["made", "lost ConnectionDone"], client=["made", "lost ConnectionLost"])
async def test_a_close_with_data_unread_is_a_reset(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    await pair_at(ground, "socket", server, client)
    server.transport.pauseProducing()
    client.transport.write(b"never read")
    await ground.moment()
    server.transport.loseConnection()
    await all_lost(ground, server, client)


@conforms(
    client=["made", "write lost", b"still here"],
    server=["made", b"that was all", "read lost"],
)
async def test_one_direction_ends(ground: Ground) -> None:
    server, client = HalfPeer(ground, "server"), HalfPeer(ground, "client")
    await pair_at(ground, "socket", server, client)
    client.transport.write(b"that was all")
    client.transport.loseWriteConnection()
    await ground.until_noted("server", 3)
    server.transport.write(b"still here")
    await client.hears(10)


@conforms(dialer=["start", "started connecting", "failed ConnectError disconnected", "stop"])
async def test_a_path_that_does_not_exist(ground: Ground) -> None:
    ground.reactor.connectUNIX(str(ground.directory / "nothing"), Dialer(ground))
    await ground.until_noted("dialer", 4)


@conforms(dialer=["start", "started connecting", "failed ConnectionRefusedError disconnected", "stop"])
async def test_a_file_that_is_no_socket(ground: Ground) -> None:
    path = ground.directory / "file"
    path.write_bytes(b"no socket")
    ground.reactor.connectUNIX(str(path), Dialer(ground))
    await ground.until_noted("dialer", 4)


@conforms(
    path=["absent", "present", "absent"],
    listener=["fires NoneType"],
    dialer=["start", "started connecting", "failed ConnectError disconnected", "stop"],
)
async def test_a_path_is_there_while_somebody_listens(ground: Ground) -> None:
    path = ground.directory / "socket"

    def look() -> None:
        ground.note("path", "present" if path.exists() else "absent")

    look()
    port = ground.reactor.listenUNIX(str(path), Single(None))
    look()
    await ground.outcome("listener", port.stopListening())
    look()
    ground.reactor.connectUNIX(str(path), Dialer(ground))
    await ground.until_noted("dialer", 4)


@conforms(second=["CannotListenError", "any:b'PATH': [Errno 98] Address already in use."])
async def test_a_path_that_is_taken(ground: Ground) -> None:
    path = str(ground.directory / "socket")
    port = ground.reactor.listenUNIX(path, Single(None))
    ground.at_the_end(port.stopListening)
    with unclosed():
        try:
            ground.reactor.listenUNIX(path, Single(None))
        except CannotListenError as error:
            ground.note("second", type(error).__name__)
            ground.note("second", str(error).removeprefix("Couldn't listen on ").replace(path, "PATH"))


@conforms(
    server=["made", "host UNIXAddress SOCKET", "peer UNIXAddress None"],
    client=["made", "host UNIXAddress None", "peer UNIXAddress SOCKET"],
    port=["host UNIXAddress SOCKET"],
)
async def test_the_addresses_of_both_ends(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    port = await pair_at(ground, "socket", server, client)

    def tell(who: str, what: str, address: Any) -> None:
        name = None if address.name is None else address.name.decode().rpartition("/")[2]
        ground.note(who, what, type(address).__name__, str(name).upper() if name else "None")

    for peer in (server, client):
        tell(peer.name, "host", peer.transport.getHost())
        tell(peer.name, "peer", peer.transport.getPeer())
    tell("port", "host", port.getHost())


@conforms(
    server=["made"],
    **{"server 2": ["made"]},
    client=["made", "made"],
    listener=["once more"],
)
async def test_a_path_is_used_again(ground: Ground) -> None:
    listener = Listener(ground)
    path = str(ground.directory / "socket")
    for number in (1, 2):
        port = ground.reactor.listenUNIX(path, listener)
        ground.reactor.connectUNIX(path, Single(Peer(ground, "client")))
        await ground.until(
            lambda number=number: len(listener.built) == number and listener.built[-1].is_made  # type: ignore[misc]
        )
        await ground.until_noted("client", number)
        await port.stopListening()
    ground.note("listener", "once more")


@conforms(interfaces=["IReactorUNIX", "IUNIXTransport", "ITransport"], server=["made"], client=["made"])
async def test_the_interfaces_of_unix(ground: Ground) -> None:
    server, client = Peer(ground, "server"), Peer(ground, "client")
    await pair_at(ground, "socket", server, client)
    for interface, thing in (
        (IReactorUNIX, ground.reactor),
        (IUNIXTransport, client.transport),
        (ITransport, server.transport),
    ):
        if verifyObject(interface, thing):
            ground.note("interfaces", interface.__name__)
