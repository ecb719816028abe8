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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest
import pytest_twisted
from attrs import define, field
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as GaveUp
from twisted.internet.error import ConnectionDone
from twisted.logger import ILogObserver, globalLogPublisher
from twisted.python.failure import Failure
from twisted.python.threadable import isInIOThread
from zope.interface import implementer

from herd.sim.engine import globalreactor, parking, pins
from herd.sim.engine.profile import Constant, Profile, Uniform
from herd.sim.engine.simulation import Simulation
from tests.sim.conformance.ground import HOME, Body, Event, Ground

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

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

UNUSED_PORT: Final = 7
"""On a simulated host, which gives numbers from 32768 on to those who ask for any."""

PATIENCE_S: Final = 10.0
"""How long a case may take that takes milliseconds."""

real_reactor: Any = global_reactor


def conforms(**expected: Sequence[Event]) -> Callable[[Body], Callable[..., None]]:
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
        made: Callable[..., None] = test
        return made

    return decorate


def difference(seen: dict[str, list[Event]], expected: Mapping[str, Sequence[Event]]) -> str:
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
        except GaveUp:
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
        reactor.run(installSignalHandlers=False)  # they belong to the test run

    return Ground(reactor, directory, run, lambda: deaf_listener(stack), lambda: held_port(stack))


def held_port(stack: ExitStack) -> int:
    """Return a port that a bound socket holds: Linux gives it only to who reuses it, as Twisted does."""
    holder = stack.enter_context(socket.socket())
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((HOME, 0))
    number: int = holder.getsockname()[1]
    return number


def deaf_listener(stack: ExitStack) -> tuple[str, int]:
    """Return the address of a listener whose queue is full: Linux drops what asks it for a connection."""
    listener = stack.enter_context(socket.socket())
    listener.bind((HOME, 0))
    listener.listen(0)
    address: tuple[str, int] = listener.getsockname()
    for _ in range(3):
        filler = stack.enter_context(socket.socket())
        filler.settimeout(0)
        filler.connect_ex(address)
    return address


@contextmanager
def logs_noted(ground: Ground) -> Iterator[None]:
    """Note the class of every failure that is logged."""

    @implementer(ILogObserver)
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
        return case.outcome()


@define(eq=False)
class Case:
    """A case as a program."""

    body: Body
    directory: Path
    silent_address: tuple[str, int]
    name: str = "case"
    _ground: Ground = field(init=False)
    _playing: Deferred[None] | None = None
    """What is not over yet."""
    _told: dict[str, list[Event]] | None = None
    _failure: Failure | None = None

    def start(self, process: Process) -> None:
        """Play it in a reactor that runs, or let it run the reactor."""
        reactor: Any = process.reactor
        self._ground = Ground(
            reactor, self.directory, reactor.run, lambda: self.silent_address, lambda: UNUSED_PORT
        )
        if inspect.iscoroutinefunction(self.body):
            reactor.startRunning()
            reactor.callLater(0, self.play)
        else:
            parking.begin(process, self.run)

    def play(self) -> None:
        self._playing = Deferred.fromCoroutine(self.within_running())
        self._playing.addBoth(self.end)

    async def within_running(self) -> None:
        with logs_noted(self._ground):
            await self.body(self._ground)  # type: ignore[misc]

    def run(self) -> None:
        failure = None
        with logs_noted(self._ground):
            try:
                self.body(self._ground)
            except Exception:  # noqa: BLE001 - raised again, outside of the simulation
                failure = Failure()
        self.end(failure)

    def end(self, result: Failure | None) -> None:
        self._failure = result
        self._told = self._ground.told()
        self._ground.clean_up()

    def outcome(self) -> dict[str, list[Event]]:
        """Return what was told; raise what went wrong."""
        if self._told is None:
            self._ground.note("player", "gave up")
            told = self._ground.told()
            if self._playing is not None:
                self._playing.cancel()
            return told
        if self._failure is not None:
            self._failure.raiseException()
        return self._told


PLAYERS: Final[list[Player]] = [real, simulated]
