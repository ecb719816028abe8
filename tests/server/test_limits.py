"""A client that is one too many, too fast or idle gets what it deserves, and all the others go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_twisted import ensureDeferred
from twisted.internet.address import IPv4Address
from twisted.internet.task import deferLater

from herd.server.clients import ClientFactory
from herd.testing import MemoryTransport
from tests.server.conftest import BOTH, SIMULATED
from tests.server.parts import ClientSide

if TYPE_CHECKING:
    from tests.server.conftest import RunningHerd

HERE = IPv4Address("TCP", "192.0.2.1", 50514)
ELSEWHERE = IPv4Address("TCP", "192.0.2.9", 50514)


def connect(alford: ClientSide, peer: IPv4Address = HERE) -> MemoryTransport:
    transport = MemoryTransport(alford.clock, peer)
    transport.connect(ClientFactory(alford.context).buildProtocol(None))
    alford.turn()
    return transport


def ask(alford: ClientSide, client: MemoryTransport, said: bytes = b"x\n") -> bytes:
    client.receive(said)
    alford.turn()
    return client.take()


def leave(alford: ClientSide, client: MemoryTransport) -> None:
    client.lose()
    alford.turn()


def test_one_connection_too_many_gets_a_line_and_a_close_and_the_others_go_on() -> None:
    alford = ClientSide(connections=2)
    first, second = connect(alford), connect(alford, ELSEWHERE)
    third = connect(alford)
    assert third.take() == b"? too many connections\n"
    assert third.has_ended_output
    assert ask(alford, third) == b""
    assert [ask(alford, client) for client in (first, second)] == [b"? x\n", b"? x\n"]
    third.receive_end()
    alford.turn()
    assert not third.is_connected
    assert connect(alford).take() == b"? too many connections\n"
    leave(alford, first)
    assert ask(alford, connect(alford)) == b"? x\n"


def test_one_connection_too_many_from_an_address_is_refused_and_other_addresses_are_not() -> None:
    alford = ClientSide(connections_per_address=2)
    first, second = connect(alford), connect(alford)
    third, other = connect(alford), connect(alford, ELSEWHERE)
    assert third.take() == b"? too many connections from this address\n"
    assert third.has_ended_output
    assert [ask(alford, client) for client in (first, second, other)] == [b"? x\n"] * 3
    for client in (first, third):
        leave(alford, client)
    assert ask(alford, connect(alford)) == b"? x\n"
    for client in (second, other):
        leave(alford, client)
    alford.clock.advance(10)
    assert len(alford.context.addresses) <= 1


def test_addresses_that_have_gone_are_not_remembered() -> None:
    alford = ClientSide(connections_per_address=1)
    for number in range(100):
        leave(alford, connect(alford, IPv4Address("TCP", f"192.0.2.{number}", 1)))
    assert alford.context.addresses == {}


def test_who_was_refused_and_does_not_close_is_cut_off_soon() -> None:
    alford = ClientSide(connections=1)
    connect(alford)
    second = connect(alford)
    alford.clock.advance(1.99)
    assert second.is_connected
    alford.clock.advance(0.02)
    alford.turn()
    assert not second.is_connected
    assert len(alford.connections) == 1


def test_those_who_were_refused_take_nobodys_place() -> None:
    alford = ClientSide(connections=5, connections_per_address=2)
    crowd = [connect(alford) for _ in range(10)]
    assert sum(client.take() == b"" for client in crowd) == 2
    assert ask(alford, connect(alford, ELSEWHERE)) == b"? x\n"


def iamats(count: int) -> bytes:
    return b"".join(b"IAMAT bird%d +1-1 1\n" % number for number in range(count))


def test_a_client_that_is_too_fast_is_read_no_faster_than_its_pace_and_loses_nothing() -> None:
    alford = ClientSide(commands_per_s=10.0)
    client = connect(alford)
    client.receive(b"x\n" * 35)
    alford.turn()
    assert client.take() == b"? x\n" * 11
    assert not client.is_reading
    client.receive(b"y\n" * 5)
    answered = 11
    for _ in range(29):
        alford.clock.advance(0.1 + 1e-9)
        alford.turn()
        answer = client.take()
        assert answer in (b"? x\n", b"? y\n")
        answered += 1
    assert answered == 40
    alford.clock.advance(0.2)
    alford.turn()
    assert client.is_reading
    assert client.take() == b""


def test_a_row_of_reports_is_answered_whole_and_then_waited_for() -> None:
    alford = ClientSide(commands_per_s=10.0)
    client = connect(alford)
    client.receive(iamats(30))
    alford.turn()
    assert client.take().count(b"\n") == 30
    assert not client.is_reading
    client.receive(b"x\n")
    alford.clock.advance(1.99)
    alford.turn()
    assert client.take() == b""
    alford.clock.advance(0.02)
    alford.turn()
    assert client.take() == b"? x\n"


def test_one_fast_client_does_not_slow_another() -> None:
    alford = ClientSide(commands_per_s=10.0)
    fast, slow = connect(alford), connect(alford)
    fast.receive(b"x\n" * 100)
    alford.turn()
    assert not fast.is_reading
    assert ask(alford, slow) == b"? x\n"
    assert slow.is_reading


def test_a_fast_client_that_half_closes_gets_all_its_answers_at_its_pace() -> None:
    alford = ClientSide(commands_per_s=10.0)
    client = connect(alford)
    client.receive(b"x\n" * 20)
    client.receive_end()
    answers = b""
    for _ in range(12):
        alford.clock.advance(0.1)
        alford.turn()
        answers += client.take()
    assert answers == b"? x\n" * 20
    assert not client.is_connected


def close_idle(alford: ClientSide) -> None:
    for client in alford.connections.all():
        client.close_if_idle(alford.clock.seconds())
    alford.turn()


def test_who_says_nothing_for_too_long_is_closed_and_who_speaks_is_not() -> None:
    alford = ClientSide(idle_s=10.0)
    silent, busy = connect(alford), connect(alford)
    alford.clock.advance(9.99)
    ask(alford, busy)
    close_idle(alford)
    assert silent.take() == b""
    alford.clock.advance(0.01)
    close_idle(alford)
    assert silent.take() == b"? idle for 10 s\n"
    assert silent.has_ended_output
    assert ask(alford, busy) == b"? x\n"
    alford.clock.advance(9.99)
    alford.turn()
    close_idle(alford)
    assert ask(alford, busy) == b"? x\n"


def test_who_waits_for_an_answer_is_not_idle() -> None:
    alford = ClientSide(idle_s=10.0, places_timeout_s=1000.0, commands_per_s=0.1)
    waits, slowed = connect(alford), connect(alford)
    waits.receive(b"IAMAT kiwi +1-1 1\nWHATSAT kiwi 10 5\n")
    slowed.receive(b"x\n" * 6)
    alford.turn()
    alford.clock.advance(15.0)
    close_idle(alford)
    answer = slowed.take()
    assert b"idle" not in answer
    assert waits.take().count(b"\n") == 1
    alford.clock.advance(200)
    alford.turn()
    alford.places.asked[0].answer("A")
    alford.turn()
    assert waits.take().endswith(b"}\n\n")
    assert answer.count(b"? x\n") < 6


def test_an_idle_client_that_sent_half_a_line_is_told_too() -> None:
    alford = ClientSide(idle_s=10.0)
    client = connect(alford)
    client.receive(b"IAMAT ki")
    alford.clock.advance(10.0)
    close_idle(alford)
    assert client.take() == b"? idle for 10 s\n"
    client.receive(b"wi +1-1 1\n")
    assert len(alford.replica.cache) == 0


@BOTH
@ensureDeferred
async def test_the_limits_hold_in_a_running_server(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford", connections=2)
    alford = herd["Alford"]
    clients: list[Any] = [await alford.connect() for _ in range(2)]
    for client in clients:
        client.send(b"x\n")
        assert await client.line() == b"? x\n"
    third = await alford.connect()
    assert await third.rest() == b"? too many connections\n"
    await third.lost()
    clients[0].send(b"y\n")
    assert await clients[0].line() == b"? y\n"
    await clients[0].close()
    await herd.until(lambda: alford.status()["connections"] == 1)
    assert await alford.say(b"x\n") == b"? x\n"
    await clients[1].close()


@SIMULATED
@ensureDeferred
async def test_idle_connections_are_closed_by_a_running_server(
    running_herd: RunningHerd, reactor: Any
) -> None:
    alford = (await running_herd("Alford", idle_s=60.0))["Alford"]
    silent, busy = [await alford.connect() for _ in range(2)]
    began_s = reactor.seconds()
    for _ in range(59):
        await deferLater(reactor, 1)
        busy.send(b"x\n")
        assert await busy.line() == b"? x\n"
    assert not silent.is_ended
    assert await silent.rest() == b"? idle for 60 s\n"
    # Connections are looked at once a second.
    assert 60 <= reactor.seconds() - began_s < 61
    busy.send(b"x\n")
    assert await busy.line() == b"? x\n"
    await deferLater(reactor, 59)
    assert not busy.is_ended
    assert await busy.rest() == b"? idle for 60 s\n"
