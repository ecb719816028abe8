"""The vocabulary of faults, as data: what a scenario breaks, and what a shrunk history prints.

Each fault knows how to begin and how to end, and prints itself as Python that makes it again. Faults may
overlap: a link is whole again, and a host up, when the last fault that had it down is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.delays import NS_PER_MS
from herd.sim.engine.profile import Constant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.engine.host import Host
    from herd.sim.engine.network import Link
    from herd.sim.engine.simulation import Simulation


def _between(simulation: Simulation, sources: tuple[str, ...], targets: tuple[str, ...]) -> Iterator[Link]:
    for source in sources:
        for target in targets:
            if source != target:
                yield simulation.network.link(simulation.hosts[source], simulation.hosts[target])


@frozen
class Partition:
    """Nothing passes between some hosts and others, in either direction.

    Without `others` the hosts are cut off from all that there are.
    """

    hosts: tuple[str, ...]
    others: tuple[str, ...] = ()

    def _links(self, simulation: Simulation) -> list[Link]:
        others = self.others or tuple(name for name in simulation.hosts if name not in self.hosts)
        return [*_between(simulation, self.hosts, others), *_between(simulation, others, self.hosts)]

    def begin(self, simulation: Simulation) -> None:
        """Cut."""
        for link in self._links(simulation):
            link.block()

    def end(self, simulation: Simulation) -> None:
        """Heal."""
        for link in self._links(simulation):
            link.unblock()


@frozen
class OneWay:
    """Nothing passes from one host to another; the way back is open."""

    source: str
    target: str

    def begin(self, simulation: Simulation) -> None:
        """Cut."""
        for link in _between(simulation, (self.source,), (self.target,)):
            link.block()

    def end(self, simulation: Simulation) -> None:
        """Heal."""
        for link in _between(simulation, (self.source,), (self.target,)):
            link.unblock()


@frozen
class LinkDown:
    """Nothing passes between two hosts."""

    a: str
    b: str

    def begin(self, simulation: Simulation) -> None:
        """Cut."""
        Partition((self.a,), (self.b,)).begin(simulation)

    def end(self, simulation: Simulation) -> None:
        """Heal."""
        Partition((self.a,), (self.b,)).end(simulation)


@frozen
class SlowLink:
    """All between two hosts takes so much longer."""

    a: str
    b: str
    by_ms: float

    def _delay(self, simulation: Simulation, by_ns: int) -> None:
        for link in (
            *_between(simulation, (self.a,), (self.b,)),
            *_between(simulation, (self.b,), (self.a,)),
        ):
            link.extra_ns += by_ns

    def begin(self, simulation: Simulation) -> None:
        """Slow down."""
        self._delay(simulation, round(self.by_ms * NS_PER_MS))

    def end(self, simulation: Simulation) -> None:
        """Speed up again."""
        self._delay(simulation, -round(self.by_ms * NS_PER_MS))


@frozen
class LossyLink:
    """So much more is lost between two hosts."""

    a: str
    b: str
    loss: float

    def _lose(self, simulation: Simulation, loss: float) -> None:
        for link in (
            *_between(simulation, (self.a,), (self.b,)),
            *_between(simulation, (self.b,), (self.a,)),
        ):
            link.lose_more(loss)

    def begin(self, simulation: Simulation) -> None:
        """Begin to lose."""
        self._lose(simulation, self.loss)

    def end(self, simulation: Simulation) -> None:
        """Lose no more than before."""
        self._lose(simulation, -self.loss)


def _take_down(host: Host) -> bool:
    """Count one more fault that has a host down; tell whether it is the first."""
    host.faults += 1
    return host.faults == 1


def _let_up(host: Host) -> None:
    """Count one fault less; after the last one the host starts its programs again."""
    host.faults -= 1
    if not host.faults:
        host.restart()


@frozen
class Crash:
    """The programs of a host die as by `kill -9`, and are started again at the end."""

    host: str

    def begin(self, simulation: Simulation) -> None:
        """Kill."""
        host = simulation.hosts[self.host]
        _take_down(host)
        host.kill()

    def end(self, simulation: Simulation) -> None:
        """Start again."""
        _let_up(simulation.hosts[self.host])


@frozen
class PowerCut:
    """A host loses its power: no packet tells anybody. At the end it boots, and starts its programs."""

    host: str

    def begin(self, simulation: Simulation) -> None:
        """Cut the power."""
        host = simulation.hosts[self.host]
        _take_down(host)
        host.power_off()

    def end(self, simulation: Simulation) -> None:
        """Boot."""
        _let_up(simulation.hosts[self.host])


@frozen
class Restart:
    """The programs of a host are asked to stop (SIGTERM), and are started again at the end.

    What has not stopped by then is killed.
    """

    host: str

    def begin(self, simulation: Simulation) -> None:
        """Ask them to stop."""
        host = simulation.hosts[self.host]
        if _take_down(host):
            host.stop()

    def end(self, simulation: Simulation) -> None:
        """Start again."""
        _let_up(simulation.hosts[self.host])


@frozen
class Pause:
    """The programs of a host stand still (SIGSTOP), its kernel does not."""

    host: str

    def begin(self, simulation: Simulation) -> None:
        """Stand still."""
        host = simulation.hosts[self.host]
        host.pauses += 1
        host.pause()

    def end(self, simulation: Simulation) -> None:
        """Go on."""
        host = simulation.hosts[self.host]
        host.pauses -= 1
        if not host.pauses:
            host.resume()


@frozen
class ClockStep:
    """A host's wall clock is set forward, or back; at the end it is put right."""

    host: str
    by_s: float

    def _step(self, simulation: Simulation, by_s: float) -> None:
        host = simulation.hosts[self.host]
        host.clock.step(simulation.now_ns, round(by_s * NS_PER_S))
        for process in host.processes:
            process.reactor.clock_was_set()

    def begin(self, simulation: Simulation) -> None:
        """Set it wrong."""
        self._step(simulation, self.by_s)

    def end(self, simulation: Simulation) -> None:
        """Set it right."""
        self._step(simulation, -self.by_s)


@frozen
class ClockDrift:
    """A host's clock gains so many microseconds a second (or loses them)."""

    host: str
    ppm: int

    def _drift(self, simulation: Simulation, ppm: int) -> None:
        host = simulation.hosts[self.host]
        host.clock.drift(simulation.now_ns, host.clock.drift_ppm + ppm)
        for process in host.processes:
            process.reactor.clock_was_set()

    def begin(self, simulation: Simulation) -> None:
        """Begin to drift."""
        self._drift(simulation, self.ppm)

    def end(self, simulation: Simulation) -> None:
        """Go as before, as far off as it is."""
        self._drift(simulation, -self.ppm)


@frozen
class SlowDisk:
    """Work that the programs of a host give to threads takes so long: a disk that is busy, or failing."""

    host: str
    ms: float

    def begin(self, simulation: Simulation) -> None:
        """Slow down."""
        simulation.hosts[self.host].thread_delays.append(Constant(self.ms))

    def end(self, simulation: Simulation) -> None:
        """Be as quick as before."""
        simulation.hosts[self.host].thread_delays.remove(Constant(self.ms))


@frozen
class FullDisk:
    """The disk of a host is full: the SQLite databases in its files cannot be written, only read.

    Other files are not touched by it.
    """

    host: str

    def begin(self, simulation: Simulation) -> None:
        """Fill it."""
        simulation.hosts[self.host].full_disks += 1

    def end(self, simulation: Simulation) -> None:
        """Make room."""
        simulation.hosts[self.host].full_disks -= 1


@frozen
class NamesFail:
    """The DNS fails, for one name or (without a name) for all.

    `after_ms`: how long a program waits for that (`names.SILENCE_MS` with a silent server); None: as long as
    for an answer.
    """

    name: str = ""
    after_ms: float | None = None

    def begin(self, simulation: Simulation) -> None:
        """Fail."""
        simulation.network.names.fail(self.name, self.after_ms)

    def end(self, simulation: Simulation) -> None:
        """Answer again."""
        simulation.network.names.heal(self.name, self.after_ms)
