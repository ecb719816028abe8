"""The end of a turn, for programs that ask a reactor for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.protocol import Factory, Protocol

from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 400
LONGEST_NS = 2_000_000


def ends_of_turns(function: Callable[[Any], object] = lambda _: None) -> tuple[list[int], Simulation]:
    """How many nanoseconds after they were asked for the ends of some turns came."""
    simulation = Simulation(5)
    waits: list[int] = []

    def program(reactor: Any) -> None:
        def turn(number: int) -> None:
            asked_ns = simulation.now_ns

            def end() -> None:
                waits.append(simulation.now_ns - asked_ns)
                function(reactor)

            reactor.at_turn_end(end)
            if number:
                reactor.callLater(0.01, turn, number - 1)

        turn(COUNT - 1)

    simulation.host("a").start(Call(program))
    simulation.run(0.01 * COUNT + 1.0)
    simulation.close()
    return waits, simulation


def test_most_turns_are_over_at_once_and_some_go_on_for_a_while() -> None:
    waits, _ = ends_of_turns()
    longer = [each for each in waits if each]
    assert len(waits) == COUNT
    assert COUNT / 16 < len(longer) < COUNT / 4
    assert max(longer) <= LONGEST_NS


def test_what_fails_at_the_end_of_a_turn_is_logged_and_no_other_misses_its_own(
    flush_logged_errors: Callable[..., list[Any]],
) -> None:
    waits, simulation = ends_of_turns(lambda _: 1 // 0)
    assert len(waits) == COUNT
    assert len(simulation.problems) == len(flush_logged_errors(ZeroDivisionError)) == COUNT
    assert "ZeroDivisionError" in simulation.problems[0].text


def test_what_is_written_at_the_end_of_a_turn_leaves_with_it() -> None:
    simulation = Simulation(1)
    heard: list[bytes] = []

    class Server(Protocol):
        def dataReceived(self, data: bytes) -> None:
            heard.append(data)

    class Client(Protocol):
        def connectionMade(self) -> None:
            assert self.transport is not None
            self.transport.write(b"now ")
            reactors[0].at_turn_end(lambda: self.transport.write(b"at the end"))

    reactors: list[Any] = []

    def client(reactor: Any) -> None:
        reactors.append(reactor)
        TCP4ClientEndpoint(reactor, "server", 7).connect(Factory.forProtocol(Client))

    simulation.host("server").start(Call(lambda reactor: reactor.listenTCP(7, Factory.forProtocol(Server))))
    simulation.host("client").start(Call(client))
    simulation.run(1.0)
    simulation.close()
    assert b"".join(heard) == b"now at the end"


def test_a_reactor_cannot_be_iterated(flush_logged_errors: Callable[..., list[Any]]) -> None:
    simulation = Simulation(1)
    simulation.host("a").start(Call(lambda reactor: reactor.callLater(0.1, reactor.iterate)))
    simulation.run(1.0)
    simulation.close()
    assert len(flush_logged_errors()) == 1
    assert "a hosted program calls reactor.iterate" in simulation.problems[0].text
    assert simulation.problems[0].is_escape
