"""A simulation at the pace of a real clock, so that the real world can watch it and talk to it.

A real reactor runs the simulation a little at a time, up to the virtual time that it should be by now, and
has its own turns in between. Real time passes only there, while no hosted program is running. What the real
world does to the simulation becomes an event (`into`); what a simulated program does to the real world waits
until the events of that little time are over (`out_of`).

A simulation that cannot keep up falls behind, and says so in the log and by `lag_s`; it leaves nothing out.
What comes from the outside comes when it comes: one seed is no longer one history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from herd.sim.engine.clock import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IDelayedCall

    from herd.sim.engine.simulation import Simulation

_TURN_S: Final = 0.02
"""How long the simulation may keep the real reactor: what a person does not notice."""
_LOOK_S: Final = 0.005
"""How long it simulates between two looks at the clock, about."""
_SHORTEST_SLICE_NS: Final = 1_000
_LONGEST_SLICE_NS: Final = 1_000_000_000
_IDLE_S: Final = 0.05
"""How long virtual time may stand still when nothing happens: whoever watches reads it."""
_LATE_S: Final = 1.0
_REPORT_EVERY_S: Final = 5.0

_log: Final = Logger("herd.sim")


class Realtime:
    """Runs a simulation on a real reactor, `factor` virtual seconds in a second."""

    def __init__(self, simulation: Simulation, reactor: Any, factor: float = 1.0) -> None:
        if not factor > 0:
            raise ValueError(f"a factor of {factor} makes no time pass: give one above 0, 1 for real time")
        self.simulation = simulation
        self.reactor = reactor
        self.factor = factor
        self.lag_s = 0.0
        """By how many real seconds the simulation is late."""
        self._slice_ns = 1_000_000
        """How much is simulated between two looks at the clock: as much as lately took so long."""
        self._started_s = 0.0
        self._started_ns = 0
        self._reported_s = 0.0
        self._wake: IDelayedCall | None = None
        self._outward: list[tuple[Callable[..., object], tuple[Any, ...]]] = []
        self._ended: Deferred[None] | None = None

    def start(self) -> Deferred[None]:
        """Begin, at the virtual time that it is.

        The Deferred fires when the simulation is stopped from within (an escape does that) or by `stop`, and
        fails with what the simulation itself raises.
        """
        self._started_s = self.reactor.seconds()
        self._reported_s = self._started_s - _REPORT_EVERY_S
        self._started_ns = self.simulation.now_ns
        self._ended = Deferred()
        self._wake_in(0)
        return self._ended

    def stop(self) -> None:
        """Let virtual time stand still."""
        self._end(None)

    @property
    def is_running(self) -> bool:
        """Whether time passes."""
        return self._ended is not None

    @property
    def due_ns(self) -> int:
        """The virtual time that it should be now."""
        passed_s: float = self.reactor.seconds() - self._started_s
        return self._started_ns + round(passed_s * self.factor * NS_PER_S)

    def into(self, owner: Any, function: Callable[..., object], *args: Any) -> None:
        """From the real world: have an event of a process or host happen now, in the order of asking."""
        simulation = self.simulation
        simulation.schedule(max(self.due_ns, simulation.now_ns), owner, function, args)
        self._wake_in(0)

    def out_of(self, function: Callable[..., object], *args: Any) -> None:
        """From the simulation: call a function in the real world soon, after those asked for before."""
        self._outward.append((function, args))

    def _wake_in(self, delay_s: float) -> None:
        if self._ended is None:
            return
        if self._wake is not None:
            self._wake.cancel()
        self._wake = self.reactor.callLater(delay_s, self._turn)

    def _turn(self) -> None:
        """Simulate up to now, or for as long as it may take, and come again."""
        self._wake = None
        until_s = self.reactor.seconds() + _TURN_S
        while True:
            try:
                is_up_to_date = self._run_slice()
            except Exception:  # noqa: BLE001 - whoever has started this is told
                self._end(Failure())
                return
            if self._ended is None:
                return
            if self.simulation.was_stopped:
                self._end(None)
                return
            if is_up_to_date or self.reactor.seconds() >= until_s:
                break
        self._tell_lag()
        self._wake_in(self._idle_s())

    def _run_slice(self) -> bool:
        """Simulate a little, and tell whether that is up to now."""
        simulation = self.simulation
        begun_s = self.reactor.seconds()
        due_ns = self.due_ns
        next_ns = due_ns if simulation.next_ns is None else simulation.next_ns
        simulation.run(min(due_ns, max(next_ns, simulation.now_ns) + self._slice_ns) / NS_PER_S)
        if self.reactor.seconds() - begun_s > _LOOK_S:
            self._slice_ns = max(self._slice_ns // 2, _SHORTEST_SLICE_NS)
        else:
            self._slice_ns = min(self._slice_ns * 2, _LONGEST_SLICE_NS)
        outward, self._outward = self._outward, []
        for function, args in outward:
            function(*args)
        return simulation.now_ns >= due_ns

    def _idle_s(self) -> float:
        """Return how many real seconds there is nothing to do."""
        if self.lag_s:
            return 0.0
        next_ns = self.simulation.next_ns
        if next_ns is None:
            return _IDLE_S
        return min(max((next_ns - self.due_ns) / NS_PER_S / self.factor, 0.0), _IDLE_S)

    def _tell_lag(self) -> None:
        now_s = self.reactor.seconds()
        late_ns = self.due_ns - self.simulation.now_ns
        # A turn's work makes it late by a turn: that is made good in the next.
        self.lag_s = late_ns / NS_PER_S / self.factor if late_ns > _TURN_S * self.factor * NS_PER_S else 0.0
        if self.lag_s >= _LATE_S and now_s - self._reported_s >= _REPORT_EVERY_S:
            self._reported_s = now_s
            _log.warn(
                "the simulation is {lag_s:.1f} s late: this machine cannot simulate {factor:g} s in a second",
                lag_s=self.lag_s,
                factor=self.factor,
            )

    def _end(self, failure: Failure | None) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        ended, self._ended = self._ended, None
        if ended is not None:
            ended.callback(failure)
