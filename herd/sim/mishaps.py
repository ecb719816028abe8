"""How faults are drawn: what goes wrong, how often, for how long.

A mishap is a function of a stream of randomness, the hosts, and the span of time in which it may begin; it
returns steps. They know no herd: they are for any scenario. A spell is as long as drawn, and the next one
begins some time after it: so faults come in bursts and leave some air, as outages do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import evolve, fields

from herd.sim.engine.faults import (
    ClockDrift,
    ClockStep,
    Crash,
    FullDisk,
    LinkDown,
    LossyLink,
    OneWay,
    Partition,
    Pause,
    PowerCut,
    Restart,
    SlowDisk,
    SlowLink,
)
from herd.sim.scenario import Step

if TYPE_CHECKING:
    from herd.sim.engine.chance import Chance, Stream
    from herd.sim.scenario import Action

Hosts: TypeAlias = Sequence[str]
Mishap: TypeAlias = "Callable[[Stream, Hosts, float, float], list[Step]]"
"""(stream, hosts, from_s, until_s) -> steps that begin and end in between."""
Make: TypeAlias = "Callable[[Stream, Hosts], Action]"


def befall(hosts: Hosts, *mishaps: Mishap, from_s: float, until_s: float) -> Callable[[Chance], list[Step]]:
    """Return the plan of a `Scenario` in which hosts meet these mishaps, each begun and over in that time.

    Each has a stream of its own: one more, put last, changes nothing of what the others draw.
    """

    def plan(chance: Chance) -> list[Step]:
        return [
            step
            for number, mishap in enumerate(mishaps)
            for step in mishap(chance.stream(f"mishap {number}"), hosts, from_s, until_s)
        ]

    return plan


def spells(make: Make, every_s: float, longest_s: float, shortest_s: float = 0.2) -> Mishap:
    """Return what comes about every `every_s`, and lasts between `shortest_s` and `longest_s`."""

    def draw(stream: Stream, hosts: Hosts, from_s: float, until_s: float) -> list[Step]:
        steps = []
        at_s = from_s + stream.uniform(0.0, every_s)
        while at_s + shortest_s < until_s:
            # Evenly by magnitude: spells of half a second are as likely as spells of ten.
            for_s = min(shortest_s * (longest_s / shortest_s) ** stream.random(), until_s - at_s)
            steps.append(Step(_rounded(at_s), make(stream, hosts), _rounded(for_s)))
            at_s += for_s + stream.uniform(0.0, 2.0 * every_s)
        return steps

    return draw


def _rounded(seconds: float) -> float:
    """Return a time in whole milliseconds, so that a history can be read."""
    return round(seconds, 3)


def _pair(stream: Stream, hosts: Hosts) -> tuple[str, str]:
    a, b = stream.sample(hosts, 2)
    return a, b


def partitions(every_s: float = 8.0, longest_s: float = 15.0) -> Mishap:
    """Let the hosts fall into two groups that cannot reach each other."""

    def make(stream: Stream, hosts: Hosts) -> Action:
        order = stream.shuffled(hosts)
        cut = stream.integer(1, len(hosts) - 1)
        return Partition(tuple(sorted(order[:cut])), tuple(sorted(order[cut:])))

    return spells(make, every_s, longest_s)


def links_down(every_s: float = 5.0, longest_s: float = 15.0) -> Mishap:
    """Cut the link between two hosts."""
    return spells(lambda stream, hosts: LinkDown(*_pair(stream, hosts)), every_s, longest_s)


def one_way(every_s: float = 10.0, longest_s: float = 15.0) -> Mishap:
    """Let nothing pass from one host to another; the way back is open."""
    return spells(lambda stream, hosts: OneWay(*_pair(stream, hosts)), every_s, longest_s)


def slow_links(every_s: float = 8.0, longest_s: float = 20.0, by_ms: float = 2_000.0) -> Mishap:
    """Let all between two hosts take up to `by_ms` longer."""

    def make(stream: Stream, hosts: Hosts) -> Action:
        return SlowLink(*_pair(stream, hosts), by_ms=round(stream.uniform(10.0, by_ms)))

    return spells(make, every_s, longest_s)


def lossy_links(every_s: float = 10.0, longest_s: float = 20.0, loss: float = 0.5) -> Mishap:
    """Lose up to a share of `loss` between two hosts."""

    def make(stream: Stream, hosts: Hosts) -> Action:
        return LossyLink(*_pair(stream, hosts), loss=round(stream.uniform(0.01, loss), 2))

    return spells(make, every_s, longest_s)


def flapping(a: str, b: str, up_s: float = 3.0, down_s: float = 3.0) -> Mishap:
    """Let one link go up and down, up and down."""
    return spells(lambda _stream, _hosts: LinkDown(a, b), up_s, down_s, 0.05)


def crashes(every_s: float = 10.0, longest_s: float = 10.0) -> Mishap:
    """Kill a host's programs as by `kill -9`, and start them again."""
    return spells(lambda stream, hosts: Crash(stream.choice(hosts)), every_s, longest_s)


def power_cuts(every_s: float = 20.0, longest_s: float = 10.0) -> Mishap:
    """Cut a host's power, and boot it again."""
    return spells(lambda stream, hosts: PowerCut(stream.choice(hosts)), every_s, longest_s)


def restarts(every_s: float = 15.0, longest_s: float = 8.0) -> Mishap:
    """Ask a host's programs to stop, and start them again, perhaps before they have stopped."""
    return spells(lambda stream, hosts: Restart(stream.choice(hosts)), every_s, longest_s)


def pauses(every_s: float = 12.0, longest_s: float = 12.0) -> Mishap:
    """Let a host's programs stand still: a stop-the-world collection, a machine that is moved."""
    return spells(lambda stream, hosts: Pause(stream.choice(hosts)), every_s, longest_s)


def clock_steps(every_s: float = 15.0, longest_s: float = 30.0, by_s: float = 120.0) -> Mishap:
    """Set a host's clock wrong by up to `by_s`, either way, and right again."""

    def make(stream: Stream, hosts: Hosts) -> Action:
        return ClockStep(stream.choice(hosts), by_s=round(stream.uniform(-by_s, by_s), 3))

    return spells(make, every_s, longest_s)


def clock_drifts(every_s: float = 15.0, longest_s: float = 30.0, ppm: int = 50_000) -> Mishap:
    """Let a host's clock gain or lose up to so many microseconds a second."""

    def make(stream: Stream, hosts: Hosts) -> Action:
        return ClockDrift(stream.choice(hosts), ppm=stream.integer(-ppm, ppm))

    return spells(make, every_s, longest_s)


def slow_disks(every_s: float = 10.0, longest_s: float = 10.0, ms: float = 3_000.0) -> Mishap:
    """Let what a host's programs write take up to `ms`."""

    def make(stream: Stream, hosts: Hosts) -> Action:
        return SlowDisk(stream.choice(hosts), ms=round(stream.uniform(5.0, ms)))

    return spells(make, every_s, longest_s)


def full_disks(every_s: float = 10.0, longest_s: float = 10.0) -> Mishap:
    """Let a host's disk be full, so that its databases cannot be written."""
    return spells(lambda stream, hosts: FullDisk(stream.choice(hosts)), every_s, longest_s)


def blackouts(every_s: float = 15.0, longest_s: float = 5.0) -> Mishap:
    """Cut the power of all hosts at once; all boot at the same moment."""

    def draw(stream: Stream, hosts: Hosts, from_s: float, until_s: float) -> list[Step]:
        cuts = spells(lambda _stream, _hosts: PowerCut(hosts[0]), every_s, longest_s)
        return [
            Step(cut.at_s, PowerCut(host), cut.for_s)
            for cut in cuts(stream, hosts, from_s, until_s)
            for host in hosts
        ]

    return draw


def isolated_crashes(
    every_s: float = 10.0, longest_s: float = 10.0, disk_ms: float = 0.0, *, is_disk_full: bool = False
) -> Mishap:
    """Cut one host off, the same each time, and kill it before it is reached again.

    What it told its clients meanwhile, nobody else knows. With `disk_ms` its disk is that slow, too; or it is
    full, from the cut until the death.
    """

    def draw(stream: Stream, hosts: Hosts, from_s: float, until_s: float) -> list[Step]:
        victim = stream.choice(hosts)
        others = tuple(host for host in hosts if host != victim)
        steps = []
        for cut in spells(lambda _stream, _hosts: Partition((victim,), others), every_s, longest_s, 1.0)(
            stream, hosts, from_s, until_s
        ):
            assert cut.for_s is not None
            dead_s = _rounded(cut.at_s + stream.uniform(0.3, 0.95) * cut.for_s)
            steps += [cut, Step(dead_s, Crash(victim), _rounded(cut.until_s - dead_s + 0.5))]
            if disk_ms:
                steps.append(Step(cut.at_s, SlowDisk(victim, disk_ms), cut.for_s))
            if is_disk_full:
                steps.append(Step(cut.at_s, FullDisk(victim), _rounded(dead_s - cut.at_s)))
        return steps

    return draw


def among(names: Hosts, mishap: Mishap) -> Mishap:
    """Return a mishap that only befalls some of the hosts."""

    def draw(stream: Stream, _hosts: Hosts, from_s: float, until_s: float) -> list[Step]:
        return mishap(stream, names, from_s, until_s)

    return draw


def between(pairs: Sequence[tuple[str, str]], mishap: Mishap) -> Mishap:
    """Return a mishap of two hosts that only befalls these pairs: links that are used, say."""

    def draw(stream: Stream, _hosts: Hosts, from_s: float, until_s: float) -> list[Step]:
        return [
            Step(step.at_s, _with_hosts(step.action, stream.choice(pairs)), step.for_s)
            for step in mishap(stream, ("either", "other"), from_s, until_s)
        ]

    return draw


def _with_hosts(action: Any, pair: tuple[str, str]) -> Action:
    """Return an action of the hosts `either` and `other` as one of two real ones."""
    names = dict(zip(("either", "other"), pair, strict=True))
    changed = {
        each.name: names[value]
        for each in fields(type(action))
        if isinstance(value := getattr(action, each.name), str)
    }
    made: Action = evolve(action, **changed)
    return made
