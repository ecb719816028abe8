"""The checks of a herd's scenario: every invariant by name, from outside and from inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from herd.core.limits import Limits
from herd.sim.engine.clock import NS_PER_S
from herd.sim.engine.profile import LogNormal
from herd.sim.herds.build import NAME
from herd.sim.herds.circumstances import Circumstances, Outage
from herd.sim.herds.invariants import judge, records_of
from herd.sim.herds.news import sent_back
from herd.sim.herds.placed import wrong_places
from herd.sim.herds.violation import INVARIANTS
from herd.sim.herds.walkers import AUDITOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from herd.sim.engine.profile import Profile
    from herd.sim.engine.simulation import Simulation
    from herd.sim.herds.build import SimulatedHerd
    from herd.sim.herds.violation import Invariant, Violation
    from herd.sim.scenario import Check

RUNNING: Final = "every server runs"
_NEAR_MS: Final = 20.0
"""Within so many milliseconds of each other's median several round trips take less than a second."""


def circumstances(simulation: Simulation) -> Circumstances:
    """Return what excuses a herd: what was done to it."""
    herd: SimulatedHerd = simulation.scene
    return Circumstances(
        herd=NAME,
        neighbors=herd.plan.topology,
        epoch_ns=simulation.epoch_ns,
        durability=dict.fromkeys(herd.hosts, herd.plan.durability),
        limits=Limits(**herd.plan.limits),  # type: ignore[arg-type] # attrs checks them
        outages=[
            Outage(name, down_ns, up_ns)
            for name, host in herd.hosts.items()
            for down_ns, up_ns in host.outages
        ],
        clocks_off_ns={name: host.clock.off_ns(simulation.now_ns) for name, host in herd.hosts.items()},
        prompt_ns=_prompt_ns(simulation.network.profile),
        calm_ns=simulation.calm_ns,
        seen_settled_ns=herd.settled_ns,
    )


def _prompt_ns(profile: Profile) -> int | None:
    """Return how long an answer may take that waits for a round trip to a neighbor, and for nothing else.

    That is far less than until the next heartbeat, with which what was forgotten comes along.
    """
    latency = profile.latency
    if not isinstance(latency, LogNormal) or profile.loss or latency.median_ms > _NEAR_MS:
        return None
    return NS_PER_S


def _judged(simulation: Simulation) -> Mapping[Invariant, Sequence[Violation]]:
    """Judge a run, once."""
    herd: SimulatedHerd = simulation.scene
    if herd.verdict is None:
        herd.history.end_ns = simulation.now_ns
        replicas = {name: herd.replica(name) for name in herd.hosts}
        held = {name: records_of(replica) for name, replica in replicas.items() if replica is not None}
        herd.verdict = judge(
            herd.history,
            circumstances(simulation),
            held=held,
            copies=herd.watch.copies,
            connections=herd.watch.connections,
            peaks=herd.watch.peaks,
        )
        herd.verdict["terminates"] += sent_back(simulation, circumstances(simulation))
        herd.verdict["answers"] += wrong_places(herd.history)
    return herd.verdict


def _check(invariant: Invariant) -> Check:
    return lambda simulation: [f"{each.name}: {each.text}" for each in _judged(simulation)[invariant]]


def _every_server_runs(simulation: Simulation) -> list[str]:
    herd: SimulatedHerd = simulation.scene
    down = [name for name in herd.hosts if herd.node(name) is None]
    auditor = herd.walkers.get(AUDITOR)
    unreached = [] if auditor is None else [name for name in auditor.unreached if name not in down]
    return [
        *(f"{name} does not run at the end" for name in down),
        *(f"{name} could not be reached at the end" for name in unreached),
    ]


CHECKS: Final[Mapping[str, Check]] = {
    RUNNING: _every_server_runs,
    **{invariant: _check(invariant) for invariant in INVARIANTS},
}
"""What every scenario of a herd checks."""
