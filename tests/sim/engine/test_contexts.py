"""Variables of `contextvars`: a process has its own, as a main thread has in life; nobody else sees them."""

from __future__ import annotations

import contextvars
import decimal
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, Final

import pytest
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol
from twisted.logger import globalLogPublisher

from herd.sim.engine import current
from herd.sim.engine.programs import Call, Script
from herd.sim.engine.simulation import Simulation
from tests.sim.engine.twins import both, go_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.sim.engine.twins import Parts

USER: Final[ContextVar[str]] = ContextVar("user", default="nobody")


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    made = Simulation(1)
    yield made
    made.close()


@contextmanager
def outside() -> Iterator[None]:
    """What whoever runs a loop has set is there again afterwards."""
    token = USER.set("outside")
    yield
    assert USER.get() == "outside"
    USER.reset(token)


def owner(parts: Parts) -> Any:
    """A process that has nothing but a context."""
    made = parts.Owner()
    made.process = made
    made.context = contextvars.Context()
    return made


def test_what_is_set_before_the_reactor_runs_is_there_in_callbacks(
    simulation: Simulation, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        "import contextvars, decimal, sys\n"
        "from twisted.internet import reactor\n"
        "user = contextvars.ContextVar('user', default='nobody')\n"
        "user.set(sys.argv[1])\n"
        "decimal.getcontext().prec = 5\n"
        "def tell():\n"
        "    print(user.get(), decimal.Decimal(1) / 3)\n"
        "    user.set('changed')\n"
        "    reactor.stop()\n"
        "reactor.callLater(1, tell)\n"
        "reactor.run()\n"
        "print(user.get())\n"
    )
    processes = [simulation.host(name).start(Script(path, name)) for name in ("ada", "bob")]
    simulation.run(5.0)
    assert [each.output for each in processes] == [
        [f"{name} 0.33333\n", "changed\n"] for name in ("ada", "bob")
    ]


def test_what_a_callback_sets_stays_in_its_process(simulation: Simulation) -> None:
    told: list[tuple[str, str, int]] = []

    def main(reactor: Any, name: str) -> None:
        def tell() -> None:
            told.append((name, USER.get(), len(str(decimal.Decimal(1) / 3))))

        def change() -> None:
            USER.set(name)
            decimal.getcontext().prec = 5

        reactor.callLater(1.0, tell)
        if name == "ada":
            reactor.callLater(0.5, change)

    for name in ("ada", "bob"):
        simulation.host(name).start(Call(main, name))
    simulation.run(5.0)
    assert told == [("ada", "ada", 7), ("bob", "nobody", 30)]


def test_connections_and_datagrams_come_into_the_context_of_their_process(simulation: Simulation) -> None:
    told: list[tuple[str, str]] = []

    class Tell(Protocol):
        def dataReceived(self, data: bytes) -> None:
            told.append((data.decode(), USER.get()))

    class TellDatagram(DatagramProtocol):
        def datagramReceived(self, datagram: bytes, addr: Any) -> None:  # noqa: ARG002 - Twisted calls with it
            told.append((datagram.decode(), USER.get()))

    class Say(Protocol):
        def connectionMade(self) -> None:
            told.append(("made", USER.get()))
            self.transport.write(b"tcp")  # type: ignore[union-attr]

    def serve(reactor: Any) -> None:
        USER.set("server")
        reactor.listenTCP(80, Factory.forProtocol(Tell))
        reactor.listenUDP(80, TellDatagram())

    def ask(reactor: Any, address: str) -> None:
        USER.set("client")
        from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol  # noqa: PLC0415

        connectProtocol(TCP4ClientEndpoint(reactor, address, 80), Say())
        reactor.callLater(1.0, lambda: reactor.listenUDP(0, DatagramProtocol()).write(b"udp", (address, 80)))

    server = simulation.host("server")
    server.start(Call(serve))
    simulation.host("client").start(Call(ask, server.address))
    simulation.run(5.0)
    assert told == [("made", "client"), ("tcp", "server"), ("udp", "server")]


def test_a_new_life_begins_with_nothing(simulation: Simulation) -> None:
    told: list[str] = []

    def main(_reactor: Any) -> None:
        told.append(USER.get())
        USER.set("somebody")

    host = simulation.host("ada")
    host.start(Call(main))
    simulation.run(1.0)
    host.restart()
    simulation.run(2.0)
    assert told == ["nobody", "nobody"]


def test_steps_of_the_world_are_in_the_context_of_who_runs_the_loop(simulation: Simulation) -> None:
    told: list[str] = []
    simulation.host("ada").start(Call(lambda reactor: reactor.callLater(1.0, USER.set, "ada")))
    simulation.at(2.0, lambda: told.append(USER.get()))
    with outside():
        simulation.run(3.0)
    assert told == ["outside"]


def test_what_is_logged_of_an_event_that_raised_is_logged_in_its_context(
    simulation: Simulation, flush_logged_errors: Callable[..., object]
) -> None:
    told: list[str] = []

    def main(reactor: Any) -> None:
        def observe(_event: Any) -> None:
            told.append(USER.get())

        def fail() -> None:
            USER.set("failing")
            raise KeyError

        globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
        reactor.callLater(1.0, fail)

    simulation.host("ada").start(Call(main))
    simulation.run(3.0)
    assert told == ["failing"]
    flush_logged_errors(KeyError)


def test_a_simulation_inside_an_event_gives_the_context_back(simulation: Simulation) -> None:
    told: list[str] = []

    def inside() -> None:
        USER.set("copied")
        inner = Simulation(2)
        inner.host("bob").start(Call(lambda reactor: reactor.callLater(1.0, lambda: told.append(USER.get()))))
        inner.run(5.0)
        inner.close()
        told.append(USER.get())

    def main(reactor: Any) -> None:
        USER.set("ada")
        copy_context().run(inside)
        told.append(USER.get())
        reactor.callLater(1.0, lambda: told.append(USER.get()))

    simulation.host("ada").start(Call(main))
    simulation.run(5.0)
    assert told == ["nobody", "copied", "ada", "ada"]


def test_a_thread_has_variables_of_its_own(simulation: Simulation) -> None:
    told: list[str] = []

    def work(name: str) -> None:
        told.append(USER.get())
        USER.set(name)

    def main(reactor: Any) -> None:
        USER.set("ada")
        reactor.suggestThreadPoolSize(1)
        reactor.callInThread(work, "first")
        reactor.callInThread(work, "second")
        reactor.callLater(1.0, lambda: told.append(USER.get()))

    simulation.host("ada").start(Call(main))
    simulation.run(5.0)
    assert told == ["nobody", "first", "ada"]


@both
def test_events_see_their_process_and_others_who_runs_the_loop(parts: Parts) -> None:
    timeline, ada, bob = parts.Timeline(), owner(parts), owner(parts)
    told: list[str] = []

    def tell(name: str) -> None:
        told.append(USER.get())
        USER.set(name)

    for time_ns, (whose, name) in enumerate([(ada, "ada"), (bob, "bob"), (parts.Owner(), "world")] * 2):
        timeline.agenda.add(time_ns, whose, tell, (name,))
    with outside():
        go_on(timeline)
        assert USER.get() == "world"
        USER.set("outside")
    assert told == ["nobody", "nobody", "outside", "ada", "bob", "world"]
    assert ada.context[USER] == "ada"


@both
def test_a_process_that_becomes_current_in_an_event_sees_its_own(parts: Parts) -> None:
    timeline, ada = parts.Timeline(), owner(parts)
    ada.context.run(USER.set, "ada")
    told: list[str] = []

    def deliver() -> None:
        told.append(USER.get())
        ada.become_current()
        told.append(USER.get())

    timeline.agenda.add(1, parts.Owner(), deliver, ())
    with outside():
        go_on(timeline)
        ada.become_current()  # no loop runs, so it changes nothing
        current.process = None
    assert told == ["outside", "ada"]


@both
def test_a_loop_that_raises_gives_the_context_back(parts: Parts) -> None:
    timeline, ada = parts.Timeline(), owner(parts)

    def fail() -> None:
        USER.set("ada")
        raise KeyError

    timeline.agenda.add(1, ada, fail, ())
    with outside(), pytest.raises(KeyError):
        go_on(timeline)
    assert ada.context[USER] == "ada"


@both
def test_a_loop_inside_an_event_of_the_same_process(parts: Parts) -> None:
    timeline, ada = parts.Timeline(), owner(parts)
    told: list[str] = []

    def inside() -> None:
        USER.set("copied")
        timeline.agenda.add(2, ada, lambda: told.append(USER.get()), ())
        timeline.go_on(2)
        told.append(USER.get())

    def outer() -> None:
        USER.set("ada")
        copy_context().run(inside)

    timeline.agenda.add(1, ada, outer, ())
    go_on(timeline)
    assert told == ["ada", "copied"]


@both
def test_a_context_is_one_of_contextvars(parts: Parts) -> None:
    made = parts.Owner()
    assert made.context is None
    if parts.name == "chosen" and type(made).__module__.endswith("_native"):
        with pytest.raises(TypeError, match="its context is one of contextvars, or None"):
            made.context = {}
