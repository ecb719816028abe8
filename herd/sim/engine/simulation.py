"""A simulation: hosts, a network, and one queue of events in virtual time.

An event is (time in whole nanoseconds, a number, whose it is, a function, its arguments). The agenda has them
in the order of their times; equal times run in the order in which they were asked for. Nothing else ever
runs, and whatever runs takes its time, its randomness and its network from here: so one seed is one history.

A turn: what a program writes while an event runs leaves when the event is over, joined, as on a real reactor.
A timer fires a microsecond after it is due, so a program that spins with `callLater(0)` makes time pass.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from greenlet import getcurrent

from herd.sim.engine import current, hosting, identity, parking, trace
from herd.sim.engine.chance import Chance, Tape
from herd.sim.engine.clock import EPOCH_S, NS_PER_S, HostClock
from herd.sim.engine.host import Host
from herd.sim.engine.logs import install as install_logs
from herd.sim.engine.native import Owner, Timeline, use_large_pages
from herd.sim.engine.network import Network
from herd.sim.engine.pins import outside, real
from herd.sim.engine.profile import Profile
from herd.sim.engine.scratch import Scratch
from herd.sim.engine.timeline import COLLECT_EVERY
from herd.sim.engine.trace import NOBODY, Trace
from herd.sim.engine.unhandled import Unhandled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from herd.sim.engine.agenda import Event

_EVER_NS: Final = 1 << 62
_PURGE_AT: Final = 2_000
_MANY_HOSTS: Final = 100
"""So many fill the processor's caches: from there on large pages pay."""


@frozen
class Problem:
    """Something that a hosted program did not handle: a logged failure, a traceback, an escape."""

    time_ns: int
    host: str
    text: str
    is_escape: bool = False
    """Whether a program reached for the real world: that ends the run, whatever a scenario allows."""


class Hosts(dict[str, Host]):
    """Hosts by name, in the order of their creation."""

    def __missing__(self, name: str) -> Host:
        raise KeyError(f"there is no host {name}; there are {', '.join(self) or 'none'}")


class Simulation(Timeline):
    """Hosts in a network that can be broken, in virtual time."""

    trace: Trace | None
    """The history that is written, if one is."""

    def __init__(
        self,
        seed: int = 0,
        *,
        profile: Profile | None = None,
        trace: Trace | None = None,
        tape: Tape | None = None,
        epoch_s: int = EPOCH_S,
    ) -> None:
        hosting.install()
        install_logs()
        identity.begin(seed)
        super().__init__()
        self.seed = seed
        self.chance = Chance(seed, tape)
        self.network = Network(self.chance, profile or Profile())
        self.hosts = Hosts()
        self.problems: list[Problem] = []
        self.unhandled = Unhandled()
        self.trace = trace
        self.scene: Any = None
        """What a scenario has built: whatever its steps and checks want to find."""
        self.calm_ns = 0
        """Since when nothing is broken, and nothing will be, as far as whoever breaks things has said."""
        self.on_dial: Callable[[str, str, int], object] | None = None
        """Told of each attempt to connect: the names of both hosts, and the port."""
        self.epoch_ns = epoch_s * NS_PER_S
        self.schedule: Callable[..., None] = self.agenda.add
        """Have an event happen: see `Agenda.add`."""
        self._cancelled = 0
        self._purge_at = _PURGE_AT
        self._world = Owner()
        """Owner of the events that belong to no host: faults, steps of the workload."""
        self._scratch: Scratch | None = None

    # Hosts.

    def host(
        self,
        name: str,
        *,
        address: str | None = None,
        profile: Profile | None = None,
        clock: HostClock | None = None,
    ) -> Host:
        """Add a host. `profile`: of the links that begin at it, where it differs from the network's."""
        if name in self.hosts:
            raise ValueError(f"there is a host {name} already")
        if not name.strip() or not name.isprintable():
            raise ValueError(f"{name!r} cannot be the name of a host: give it some letters")
        index = len(self.hosts)
        if index == _MANY_HOSTS:
            use_large_pages()
        number = index + 1
        address = address or f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        host = Host(self, name, index, address, clock or HostClock(self.epoch_ns), profile)
        self.network.add(host)
        self.hosts[name] = host
        self.record(trace.HOST, host.index, NOBODY, 0, 0, f"{name} {address}".encode())
        return host

    def directory(self, name: str) -> Path:
        """Make the directory of a host's files; it goes when the simulation is closed."""
        with outside():
            if self._scratch is None:
                self._scratch = Scratch()
                if self.trace is not None:
                    self.trace.hidden = bytes(self._scratch.path)
            path = self._scratch.path / name
            path.mkdir()
        return path

    @property
    def files(self) -> str | None:
        """Where the files of all hosts lie, if there are any."""
        return None if self._scratch is None else str(self._scratch.path)

    def close(self) -> None:
        """Remove the files of all hosts, and let go of what they ran."""
        self.unhandled.end()
        self.agenda.clear()
        self.trace = None
        with hosting.hosting():
            for host in self.hosts.values():
                host.power_off()
                for process in (*host.ended, *host.processes):
                    process.forget()
            with self._somebody_current():
                parking.release(self)
                real.collect()
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None

    # Events.

    def at(self, time_s: float, function: Callable[..., object], *args: object) -> None:
        """Have something happen at a virtual time in seconds that belongs to no host."""
        self.schedule(max(round(time_s * NS_PER_S), self.now_ns), self._world, function, args)

    def after(self, delay_s: float, function: Callable[..., object], *args: object) -> None:
        """Have something happen in so many seconds that belongs to no host."""
        self.schedule(self.now_ns + round(delay_s * NS_PER_S), self._world, function, args)

    def stop(self) -> None:
        """End `run` after the event that runs now."""
        self.stopped = True

    @property
    def was_stopped(self) -> bool:
        """Whether something has called `stop` since `run` began."""
        return self.stopped

    @property
    def next_ns(self) -> int | None:
        """The time of the next event, if there is one."""
        return self.agenda.next_ns

    def run(self, until_s: float | None = None) -> None:
        """Run events until none is left, or until a virtual time in seconds.

        Virtual time is `until_s` afterwards, unless something has called `stop`.
        """
        until_ns = None if until_s is None else round(until_s * NS_PER_S)
        self.stopped = False
        try:
            with hosting.hosting():
                self._run(until_ns)
        finally:
            current.process = None
        if until_ns is not None and not self.stopped:
            self.now_ns = max(self.now_ns, until_ns)

    def run_while(self, condition: Callable[[], object], limit_s: float) -> bool:
        """Run while a condition holds, for at most `limit_s`; tell whether it has ceased to."""
        limit_ns = self.now_ns + round(limit_s * NS_PER_S)
        with hosting.hosting():
            while condition():
                if self.next_ns is None or self.next_ns > limit_ns:
                    return False
                self.run_one()
        return True

    def run_one(self) -> None:
        """Run one event."""
        try:
            self.stopped = True
            with hosting.hosting():
                self._run(None)
        finally:
            current.process = None

    def _run(self, until_ns: int | None) -> None:
        self.collect_at = self.events + COLLECT_EVERY
        while True:
            try:
                self.unhandled.is_running = True
                self.go_on(until_ns if until_ns is not None else _EVER_NS)
            except current.FAILURES:  # a reactor logs what its program does not handle
                process = None if self.owner is None else self.owner.process
                if process is None:
                    raise
                process.context.run(process.reactor.log_unhandled)
            else:
                return
            finally:
                self.unhandled.is_running = False

    def collect(self) -> None:
        """Collect garbage."""
        with self._somebody_current():
            self.unhandled.collect()

    def find_unhandled(self) -> None:
        """Have failures that no callback of a Deferred has handled be problems by now; see `unhandled`."""
        with hosting.hosting(), self._somebody_current():
            self.unhandled.find()

    @contextmanager
    def _somebody_current(self) -> Iterator[None]:
        """Have some process be current, if there is one: what garbage does when it goes is not to be real."""
        processes = (each for host in self.hosts.values() for each in (*host.processes, *host.ended))
        somebody = next(processes, None)
        if current.process is not None or somebody is None:
            yield
            return
        context = getcurrent().gr_context
        somebody.become_current()
        try:
            yield
        finally:
            current.process = None
            getcurrent().gr_context = context

    def purge(self) -> None:
        """Note that a timer was cancelled; when there were as many as there are events, throw those away."""
        self._cancelled += 1
        if self._cancelled >= self._purge_at:
            self._cancelled = 0
            self.agenda.keep(_is_wanted)
            self._purge_at = max(_PURGE_AT, len(self.agenda))

    # What is told.

    def flow(self) -> int:
        """Return the number of a new connection or datagram."""
        self.flows += 1
        return self.flows

    def record(  # noqa: PLR0913, PLR0917 - what an event is
        self, kind: int, host: int, peer: int, flow: int, size: int, data: bytes = b""
    ) -> None:
        """Put an event into the trace, if there is one."""
        if self.trace is not None:
            self.trace.add(kind, self.now_ns, host, peer, flow, size, data)

    def problem(self, host: str, text: str, *, is_escape: bool = False) -> None:
        """Keep something that a hosted program did not handle."""
        self.problems.append(Problem(self.now_ns, host, text, is_escape))


def _is_wanted(event: Event) -> bool:
    """Tell whether an event is anything but the entry of a timer that was cancelled."""
    timer = getattr(event[3], "__self__", None)
    return not getattr(timer, "is_idle", False)
