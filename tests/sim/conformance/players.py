"""How a case is played: on the real reactor, and on the simulated one with several seeds.

`conforms` makes a test of a body and of the events that must be seen, name by name, on both. A body that is a
coroutine runs in a reactor that is running: the real one is that of the whole test run. A plain function is a
program that starts its reactor itself, with `ground.run()`: the real one is a fresh reactor for it alone.
"""

from __future__ import annotations

import inspect
import shutil
import socket
import tempfile
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest
import pytest_twisted
from attrs import define, field
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.python.threadable import isInIOThread

from herd.sim.engine import globalreactor, parking, pins
from herd.sim.engine.profile import Constant, Profile, Uniform
from herd.sim.engine.simulation import Simulation
from tests.sim.conformance.ground import HOME, Body, Event, Ground

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from twisted.logger import LogEvent

    from herd.sim.engine.process import Process

Player: TypeAlias = "Callable[[Body], Coroutine[Any, Any, dict[str, list[Event]]]]"

SEEDS: Final = [
    Profile(),
    Profile(latency=Constant(0.0)),
    Profile(cut=0.5),
    Profile(join_ms=1.0),
    Profile(latency=Uniform(0.01, 1.0), cut=0.3, join_ms=0.5),
]
"""The network of each seed: what real networks are free to do differently."""

PATIENCE_S: Final = 10.0
"""How long a case may take that takes milliseconds."""

real_reactor: Any = global_reactor


def conforms(**expected: list[Event]) -> Callable[[Body], Callable[..., None]]:
    """Make a test of a body: on every ground exactly these events are noted, by name.

    Failures that are logged are the events of `log`.
    """

    def decorate(body: Body) -> Callable[..., None]:
        @pytest.mark.parametrize("player", PLAYERS, ids=lambda player: player.__name__)
        @pytest_twisted.ensureDeferred
        async def test(player: Player, flush_logged_errors: Any) -> None:
            seen = await player(body)
            if "log" in expected:
                flush_logged_errors()
            if seen != expected:
                pytest.fail(difference(seen, expected), pytrace=False)

        for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(test, attribute, getattr(body, attribute))
        return test

    return decorate


def difference(seen: dict[str, list[Event]], expected: dict[str, list[Event]]) -> str:
    """Tell, name by name, what was seen and what should have been."""
    names = dict.fromkeys([*expected, *seen])
    return "\n".join(
        f"{name}\n  seen     {seen.get(name, [])}\n  expected {expected.get(name, [])}"
        for name in names
        if seen.get(name) != expected.get(name)
    )


async def real(body: Body) -> dict[str, list[Event]]:
    """Play a case on a real reactor."""
    if inspect.iscoroutinefunction(body):
        return await within_running(body)
    return as_program(body)


async def within_running(body: Body) -> dict[str, list[Event]]:
    """Play a case in the reactor of the test run."""
    with ExitStack() as stack:
        ground = real_ground(stack, real_reactor)
        stack.enter_context(logs_noted(ground))

        playing: Deferred[None] = Deferred.fromCoroutine(body(ground))  # type: ignore[arg-type]
        try:
            await playing.addTimeout(PATIENCE_S, real_reactor)
        except TimeoutError:
            ground.note("player", "gave up")
        finally:
            told = ground.told()
            ground.clean_up()
            await ground.turn()
        return told


def as_program(body: Body) -> dict[str, list[Event]]:
    """Play a case in a fresh reactor, which the body runs."""
    running: Any = getattr(real_reactor, "real", real_reactor)
    reactor: Any = type(running)()
    with ExitStack() as stack:
        stack.callback(close_for_good, reactor)
        ground = real_ground(stack, reactor)
        stack.enter_context(logs_noted(ground))
        body(ground)
        return ground.told()


def close_for_good(reactor: Any) -> None:
    """Close what a reactor that has stopped still holds."""
    for reader in [*reactor.getReaders(), *reactor._internalReaders]:
        reader.connectionLost(Failure(ConnectionDone()))
    reactor._poller.close()


def real_ground(stack: ExitStack, reactor: Any) -> Ground:
    directory = Path(tempfile.mkdtemp(prefix="herd-"))
    stack.callback(shutil.rmtree, directory)

    def run() -> None:
        reactor.run(installSignalHandlers=False)

    return Ground(reactor, directory, run, lambda: deaf_listener(stack))


def deaf_listener(stack: ExitStack) -> tuple[str, int]:
    """Return the address of a listener whose queue is full: Linux drops what asks it for a connection."""
    listener = stack.enter_context(socket.socket())
    listener.bind((HOME, 0))
    listener.listen(0)
    address: tuple[str, int] = listener.getsockname()
    for _ in range(3):
        filler = stack.enter_context(socket.socket())
        filler.setblocking(False)
        filler.connect_ex(address)
    return address


@contextmanager
def logs_noted(ground: Ground) -> Iterator[None]:
    """Note the class of every failure that is logged."""

    def observe(event: LogEvent) -> None:
        failure = event.get("log_failure") or event.get("failure")
        if failure is not None:
            name = failure.type.__name__
            if isInIOThread():
                ground.note("log", name)
            else:
                ground.reactor.callFromThread(ground.note, "log", name)

    globalLogPublisher.addObserver(observe)
    try:
        yield
    finally:
        globalLogPublisher.removeObserver(observe)


async def simulated(body: Body) -> dict[str, list[Event]]:
    """Play a case in a simulation, with several seeds: each must see the same."""
    first = play_simulated(body, seed=0, profile=SEEDS[0])
    for seed, profile in enumerate(SEEDS[1:], start=1):
        again = play_simulated(body, seed, profile)
        if again != first:
            pytest.fail(f"seed {seed} differs from seed 0:\n{difference(again, first)}", pytrace=False)
    return first


def play_simulated(body: Body, seed: int, profile: Profile) -> dict[str, list[Event]]:
    """Play a case on a host of a simulation."""
    pins.install()
    globalreactor.install()
    with ExitStack() as stack:
        simulation = Simulation(seed, profile=profile)
        stack.callback(simulation.close)
        simulation.network.set_profile("home", "home", profile)
        away = simulation.host("away")
        away.power_off()
        home = simulation.host("home")
        case = Case(body, home.files, (away.address, 7))
        home.start(case)
        simulation.run(PATIENCE_S)
        for failure in case.failures:
            failure.raiseException()
        for ground in case.grounds:
            ground.note("player", "gave up")
            case.told.append(ground.told())
        return case.told[0]


@define(eq=False)
class Case:
    """A case as a program."""

    body: Body
    directory: Path
    silent_address: tuple[str, int]
    grounds: list[Ground] = field(factory=list)
    """The one that has not told yet."""
    told: list[dict[str, list[Event]]] = field(factory=list)
    failures: list[Failure] = field(factory=list)
    name: str = "case"

    def start(self, process: Process) -> None:
        """Play it in a reactor that runs, or let it run the reactor."""
        reactor: Any = process.reactor
        ground = Ground(reactor, self.directory, reactor.run, lambda: self.silent_address)
        self.grounds.append(ground)
        if inspect.iscoroutinefunction(self.body):
            reactor.startRunning()
            reactor.callLater(0, self.play, ground)
        else:
            parking.begin(process, partial(self.run, ground))

    def play(self, ground: Ground) -> None:
        noting = logs_noted(ground)
        noting.__enter__()

        def end(result: Any) -> None:
            noting.__exit__(None, None, None)
            self.end(ground, result)

        Deferred.fromCoroutine(self.body(ground)).addBoth(end)  # type: ignore[arg-type]

    def run(self, ground: Ground) -> None:
        failure = None
        with logs_noted(ground):
            try:
                self.body(ground)
            except Exception:  # noqa: BLE001 - raised again, outside of the simulation
                failure = Failure()
        self.end(ground, failure)

    def end(self, ground: Ground, result: Any) -> None:
        if isinstance(result, Failure):
            self.failures.append(result)
        self.told.append(ground.told())
        self.grounds.remove(ground)
        ground.clean_up()


PLAYERS: Final[list[Player]] = [real, simulated]
