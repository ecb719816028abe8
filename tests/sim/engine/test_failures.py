"""What programs raise where their reactor calls them: logged, and the program goes on."""

from __future__ import annotations

from ast import literal_eval
from asyncio import CancelledError
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.protocol import ClientFactory, Factory, Protocol

from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = (ValueError, SystemExit, GeneratorExit, CancelledError)


@pytest.fixture(autouse=True)
def expected(flush_logged_errors: Callable[..., object]) -> Iterator[None]:
    """Programs fail here, and their failures are logged."""
    yield
    flush_logged_errors(*KINDS)


def outcome(program: Callable[[Any], None]) -> tuple[list[str], int]:
    """What a program prints that lives for ten seconds, and how many failures it logs."""
    simulation = Simulation()
    process = simulation.host("a").start(Call(program))
    simulation.run(10.0)
    simulation.close()
    return process.output, len(simulation.problems)


@pytest.mark.parametrize("kind", KINDS)
def test_a_timer_that_fails_ends_nothing(kind: type[BaseException]) -> None:
    def program(reactor: Any) -> None:
        def fail() -> None:
            raise kind

        reactor.callLater(1.0, fail)
        reactor.callFromThread(fail)
        reactor.callLater(2.0, print, "on it goes")

    assert outcome(program) == (["on it goes\n"], 2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_protocol_that_fails_loses_its_connection(kind: type[BaseException]) -> None:
    class Failing(Protocol):
        def dataReceived(self, data: bytes) -> None:  # noqa: ARG002 - what every protocol takes
            raise kind

        def connectionLost(self, reason: Any = None) -> None:
            print(reason.type.__name__)  # noqa: T201 - programs print

    class Asking(Protocol):
        def connectionMade(self) -> None:
            self.transport.write(b"?")  # type: ignore[union-attr]

    def program(reactor: Any) -> None:
        reactor.listenTCP(80, Factory.forProtocol(Failing))
        client = ClientFactory()
        client.protocol = Asking
        reactor.connectTCP("127.0.0.1", 80, client)

    assert outcome(program) == ([f"{kind.__name__}\n"], 1)


def test_a_set_of_timers_walks_in_the_same_order_at_each_run() -> None:
    def program(reactor: Any) -> None:
        timers = [reactor.callLater(number, print) for number in range(60, 80)]
        print([timers.index(each) for each in set(timers)])  # noqa: T201 - likewise

    first = outcome(program)
    assert outcome(program) == first
    assert sorted(literal_eval(first[0][0])) == list(range(20))


class OutcomeError(BaseException):
    """What a test runner may raise: no `Exception`."""


@pytest.mark.parametrize("kind", [KeyboardInterrupt, OutcomeError])
def test_what_is_meant_for_who_simulates_comes_out(kind: type[BaseException]) -> None:
    def program(reactor: Any) -> None:
        def fail() -> None:
            raise kind

        reactor.callLater(1.0, fail)

    with pytest.raises(kind):
        outcome(program)
