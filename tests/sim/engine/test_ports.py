"""Ports that have lost their socket: a real reactor takes harm from that, a simulated one goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.protocol import ClientFactory, Factory, Protocol

from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable

FEW = 60


def played(confuse: Callable[[Any], object]) -> tuple[list[str], Simulation]:
    """How a dial to a port ends that something was done to."""
    simulation = Simulation(1)
    ends: list[str] = []

    class Dialer(ClientFactory):
        noisy = False
        protocol = Protocol

        def clientConnectionFailed(self, _connector: object, reason: Any) -> None:
            ends.append(reason.type.__name__)

    def program(reactor: Any) -> None:
        listener = Factory.forProtocol(Protocol)
        listener.noisy = False
        port = reactor.listenTCP(0, listener)
        number = port.getHost().port
        confuse(port)
        reactor.connectTCP("127.0.0.1", number, Dialer())

    simulation.host("a").start(Call(program))
    simulation.run(1.0)
    simulation.close()
    return ends, simulation


def test_one_that_listens_twice_closes_its_first_socket() -> None:
    def confuse(port: Any) -> None:
        port.startListening()
        port.stopListening()

    ends, simulation = played(confuse)
    assert ends == ["ConnectionRefusedError"]
    assert not simulation.problems
    assert simulation.events < FEW


def test_one_whose_socket_is_gone_is_polled_no_more() -> None:
    def confuse(port: Any) -> None:
        del port.socket

    ends, simulation = played(confuse)
    assert (ends, simulation.problems) == ([], [])
    assert simulation.events < FEW
