"""A run at the pace of a real clock, with ports that the real world can reach.

It ends at its virtual time, when it is stopped, or when a program escapes; then it is judged like any other.
Who talks to it from the outside is not in the seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from twisted.internet.error import CannotListenError
from twisted.internet.task import LoopingCall

from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.publishing import Publisher
from herd.sim.engine.realtime import Realtime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from herd.sim.explore.run import Outcome, Run

_TELL_EVERY_S: Final = 0.25


@frozen
class Publication:
    """A port of a simulated host, and the real one on loopback that leads to it."""

    host: str
    port: int
    real_port: int


class Live:
    """One run on a real reactor. A `CannotListenError` for a real port that cannot be had."""

    def __init__(self, run: Run, reactor: Any, publications: Sequence[Publication] = ()) -> None:
        self._run = run
        self._reactor = reactor
        self._realtime = Realtime(run.simulation, reactor)
        self._publisher = Publisher(self._realtime) if publications else None
        self.addresses: list[Any] = []
        """Where the publications are reached."""
        if self._publisher is not None:
            self._publish(self._publisher, publications)

    def _publish(self, publisher: Publisher, publications: Sequence[Publication]) -> None:
        for each in publications:
            try:
                port = publisher.publish(self._run.simulation.hosts[each.host], each.port, each.real_port)
            except CannotListenError:
                publisher.close()
                raise
            self.addresses.append(port.getHost())

    def stop(self) -> None:
        """End it now."""
        self._realtime.stop()

    async def run(
        self, until_s: float | None = None, tell: Callable[[float, float, int], object] | None = None
    ) -> Outcome:
        """Run to the end of the scenario, or to a virtual time, which may be later; return the outcome.

        `tell` hears of the virtual time, its end and the number of events.
        """
        run = self._run
        end_s = run.end_s if until_s is None else until_s
        looping = LoopingCall(self._tell, tell or (lambda *_: None), end_s)
        looping.clock = self._reactor
        looping.start(_TELL_EVERY_S)
        try:
            came_to_end = await self._until(end_s)
            whole = came_to_end and end_s >= run.end_s
            if whole and run.look():
                whole = await self._until(end_s + run.scenario.last_look_s)
            return run.outcome(whole=whole)
        finally:
            looping.stop()
            if self._publisher is not None:
                await self._publisher.close()
            run.close()

    def _tell(self, tell: Callable[[float, float, int], object], end_s: float) -> None:
        tell(self._run.simulation.now_ns / NS_PER_S, end_s, self._run.simulation.events)

    async def _until(self, end_s: float) -> bool:
        """Let time pass; tell whether the end has come."""
        simulation = self._run.simulation
        simulation.at(end_s, simulation.stop)
        await self._realtime.start()
        return simulation.now_ns >= round(end_s * NS_PER_S)
