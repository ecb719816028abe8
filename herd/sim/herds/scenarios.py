"""Scenarios of herds: servers, mishaps, clients that work meanwhile, and invariants that hold nevertheless.

The invariants are those of a server herd, by name: converges, never goes back, terminates, promises kept,
bounded, no strangers, answers. When all is calm again, and has had time to settle, an auditor reports to each
server and asks it for some clients; then what clients saw, and what servers hold, is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from herd.sim.engine.chance import Chance
from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.profile import Profile
from herd.sim.herds.build import TOWN, HerdPlan, SimulatedHerd, build_herd
from herd.sim.herds.figures import Watch
from herd.sim.herds.judge import CHECKS
from herd.sim.herds.settling import has_come_to_rest, has_settled
from herd.sim.herds.walkers import AUDITOR
from herd.sim.herds.work import CLIENT_EPOCH_S, Work, client_names
from herd.sim.mishaps import Mishap
from herd.sim.scenario import Check, Scenario, Step

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation

_REPORTED_TO: Final = 5
"""Servers that get a report when all has settled: all of five, and a few of a thousand."""
BEGIN_S: Final = 2.0
"""When work and mishaps begin: links are up by then."""
SETTLE_S: Final = 32.0
"""More than `Circumstances.settle_ns`: silent links are given up after 8 s and dialed again after 10 s at
most, and TCP may sit on a retransmission for twice as long as an outage was."""


_AGAIN_S: Final = 1.0
"""How long after a report it is said again: by then it has been answered, and others are still to be."""


def nothing_more(herd: SimulatedHerd) -> None:
    """Add nothing to a herd."""


@frozen(kw_only=True)
class HerdScenario:
    """What a scenario of a herd says; `scenario()` makes it one that can be run."""

    about: str
    herd: HerdPlan = field(factory=HerdPlan)
    network: Profile = TOWN
    work: Work = field(factory=Work)
    mishaps: Sequence[Mishap] = ()
    more_steps: Callable[[Chance], Sequence[Step]] = lambda _: ()
    """Steps besides work and mishaps."""
    more_checks: Mapping[str, Check] = field(factory=dict)
    """Checks besides the invariants."""
    guests: Callable[[SimulatedHerd], None] = nothing_more
    """Starts what else is there: hostile clients, slow readers."""
    duration_s: float = 60.0
    """A minute of faults: several outages of each kind, and time for silence and back-offs in each."""
    settle_s: float = SETTLE_S
    last_look_s: float = 10.0
    """Time for the answers to the last questions: more than the time limits of places and promises."""
    waits: bool = True
    """Whether it waits for all of `settle_s` and `last_look_s` though the herd has settled: where time itself
    is to do something, as when records expire."""
    audited: int = 3
    """Clients that each server is asked for at the end; what it holds of all is seen from inside."""

    def scenario(self) -> Scenario:
        """Return the scenario."""
        return Scenario(
            about=self.about,
            build=self._build,
            duration_s=self.duration_s + self.settle_s,
            settle_s=self.settle_s,
            network=self.network,
            plan=self._plan,
            checks={**CHECKS, **self.more_checks},
            finish=self._audit,
            last_look_s=self.last_look_s,
            has_settled=None if self.waits else has_settled,
            has_answered=None if self.waits else has_come_to_rest,
            figures=_figures,
        )

    def _build(self, simulation: Simulation) -> SimulatedHerd:
        herd = build_herd(simulation, self.herd)
        herd.watch = Watch(herd)
        for name in (*client_names(self.work.clients), AUDITOR):
            herd.walker(name)
        self.guests(herd)
        return herd

    def _plan(self, chance: Chance) -> list[Step]:
        servers = tuple(self.herd.topology)
        steps = self.work.steps(chance.stream("work"), servers, BEGIN_S, self.duration_s)
        for number, mishap in enumerate(self.mishaps):
            steps += mishap(chance.stream(f"mishap {number}"), servers, BEGIN_S, self.duration_s)
        return [*steps, *self.more_steps(chance)]

    def _audit(self, simulation: Simulation) -> None:
        """Report to some servers once more, and ask each for some clients; the rest is seen from inside.

        The reports find the herd settled: each must go over each link once, and no more.
        """
        herd: SimulatedHerd = simulation.scene
        ids = sorted({each.command.split()[1] for each in herd.history.operations if each.kind == "report"})
        stream = simulation.chance.stream("audit")
        auditor = herd.walker(AUDITOR)
        herd.at_rest_ns = None
        now_s, _ = divmod(simulation.now_ns, NS_PER_S)
        servers = list(herd.hosts)
        for number, server in enumerate(stream.sample(servers, min(_REPORTED_TO, len(servers)))):
            report = b"IAMAT auditor%d +1.5-1.5 %d.%d\n" % (number, CLIENT_EPOCH_S + now_s, number)
            auditor.say(server, report)
            if self.herd.durability != "memory":
                # What is said again is no news, and its answer must not wait for any.
                simulation.after(_AGAIN_S, herd.walker(f"{AUDITOR} again").say, server, report)
        for server in servers:
            for number, client_id in enumerate(stream.sample(ids, min(self.audited, len(ids)))):
                # The provider is asked by one question of each server: it is the dearest part of an answer.
                auditor.say(server, b"WHATSAT %b 10 %d\n" % (client_id, number == 0))


def _figures(simulation: Simulation) -> Mapping[str, Any]:
    herd: SimulatedHerd = simulation.scene
    figures: Mapping[str, Any] = herd.watch.figures()
    return figures
