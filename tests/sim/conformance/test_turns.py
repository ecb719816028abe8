"""Turns of a reactor: what was put off to the next one, and what was written, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sim.conformance.peers import Peer, all_lost, pair
from tests.sim.conformance.players import conforms

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sim.conformance.ground import Ground


async def asked(ground: Ground, act: Callable[[Any, Any], object]) -> None:
    """Have a server act with its reactor and its transport when it hears something, and wait for the end."""

    class Server(Peer):
        def dataReceived(self, data: bytes) -> None:
            super().dataReceived(data)
            act(ground.reactor, self.transport)

    server, client = await pair(ground, server=Server)
    client.transport.write(b"?")
    await all_lost(ground, server, client)


def gone(*heard: bytes) -> dict[str, list[str | bytes]]:
    """What both ends see of a connection that the server closes, when the client has heard this."""
    return {
        "client": ["made", *heard, "lost ConnectionDone"],
        "server": ["made", b"?", "lost ConnectionDone"],
    }


@conforms(**gone(b"bye"))
async def test_what_a_reader_calls_later_at_once_may_write_before_its_connection_is_closed(
    ground: Ground,
) -> None:
    def act(reactor: Any, transport: Any) -> None:
        reactor.callLater(0, transport.write, b"bye")
        transport.loseConnection()

    await asked(ground, act)


@conforms(**gone(b"one two"))
async def test_what_it_has_written_itself_leaves_first(ground: Ground) -> None:
    def act(reactor: Any, transport: Any) -> None:
        transport.write(b"one ")
        reactor.callLater(0, transport.write, b"two")
        reactor.callLater(0, transport.loseConnection)

    await asked(ground, act)


@conforms(**gone(b"bye"))
async def test_a_threads_call_may_write_before_a_connection_is_closed(ground: Ground) -> None:
    def act(reactor: Any, transport: Any) -> None:
        reactor.callFromThread(transport.write, b"bye")
        transport.loseConnection()

    await asked(ground, act)


@conforms(**gone(b"bye"))
async def test_timers_that_are_due_at_once_share_a_turn(ground: Ground) -> None:
    def act(reactor: Any, transport: Any) -> None:
        def both() -> None:
            reactor.callLater(0, transport.loseConnection)
            reactor.callLater(0, transport.write, b"bye")

        reactor.callLater(0.001, both)

    await asked(ground, act)


@conforms(**gone())
async def test_what_a_timer_calls_later_comes_when_its_connection_is_closed(ground: Ground) -> None:
    def act(reactor: Any, transport: Any) -> None:
        def close() -> None:
            transport.loseConnection()
            reactor.callLater(0, transport.write, b"bye")

        reactor.callLater(0.001, close)

    await asked(ground, act)


@conforms(**gone())
async def test_what_a_timer_asks_for_as_threads_do_comes_then_too(ground: Ground) -> None:
    def act(reactor: Any, transport: Any) -> None:
        def close() -> None:
            transport.loseConnection()
            reactor.callFromThread(transport.write, b"bye")

        reactor.callLater(0.001, close)

    await asked(ground, act)


@conforms(**gone(b"bye"))
async def test_a_threads_call_puts_off_as_a_reader_does(ground: Ground) -> None:
    def act(reactor: Any, transport: Any) -> None:
        def close() -> None:
            transport.loseConnection()
            reactor.callLater(0, transport.write, b"bye")

        reactor.callLater(0.001, reactor.callFromThread, close)

    await asked(ground, act)


@conforms(**gone())
async def test_what_a_threads_call_asks_for_as_threads_do_comes_later(ground: Ground) -> None:
    def act(reactor: Any, transport: Any) -> None:
        def close() -> None:
            transport.loseConnection()
            reactor.callFromThread(transport.write, b"bye")

        reactor.callLater(0.001, reactor.callFromThread, close)

    await asked(ground, act)
