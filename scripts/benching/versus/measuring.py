"""The rounds: every round starts every server anew, and all who do a work do it within the same seconds."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import frozen
from benching.versus.generator import Load, run
from benching.versus.works import FILLING_DEPTH

from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benching.versus.systems import System
    from benching.versus.target import Target
    from benching.versus.works import Group, Work

FILLING_S: Final = 10.0
QUICK: Final = 0.1
"""How much of its time a work takes when one only looks whether all of it works."""
_LEAST_S: Final = 0.15

Figures: TypeAlias = "dict[str, Any]"
Cells: TypeAlias = "dict[str, dict[str, list[Figures]]]"
"""By work, then by system: the figures of each round, or `{"failure": why}`."""


@frozen(kw_only=True)
class Bench:
    """How to measure."""

    generator: Path
    share: float = 1.0
    """Of the time of each work."""
    tell: Callable[[str], None]

    def seconds(self, work: Work) -> float:
        """Return how long to load."""
        return max(_LEAST_S, work.seconds * self.share)

    def fill(self, target: Target, works: Iterable[Work]) -> None:
        """Let every client report once, and the servers warm up."""
        clients = max((work.clients for work in works if work.fills), default=0)
        if not clients:
            return
        load = Load(
            speak=target.speak,
            to=target.to,
            depth=FILLING_DEPTH,
            clients=clients,
            reports=clients,
            seconds=FILLING_S,
        )
        run(self.generator, load, target.cpu_s, target.settle)

    def measure(self, target: Target, work: Work) -> Figures:
        """Put a load on and return its figures; a `HerdError` if it fails."""
        load = Load(
            speak=target.speak,
            to=target.to,
            depth=work.depth,
            clients=work.clients,
            rate=work.rate,
            seconds=self.seconds(work),
            observe=target.observe if work.watches else (),
            observe_as=target.observe_as,
        )
        links = target.links if work.settles else None
        links_before = links() if links is not None else 0
        said, used_s = run(self.generator, load, target.cpu_s, target.settle if work.settles else None)
        carried = links() - links_before if links is not None else None
        return figures(said, used_s, carried)


def figures(said: Any, used_s: float, links: int | None) -> Figures:
    """Return what one load came to: µs of processor time a message, messages a second, latencies in ms.

    A `HerdError` if anything that was sent was not answered, or not known everywhere where that is watched.
    """
    sent, watched = said["sent"], "known" in said
    done = said["known"] if watched else said["messages"]
    if done < sent or not sent:
        what = "known everywhere" if watched else "answered"
        raise HerdError(f"{done:,} of {sent:,} reports were {what} in time")
    found = {
        "messages": sent,
        "cpu_us": 1e6 * used_s / sent,
        "own_cpu_us": 1e6 * said["own_cpu_s"] / sent,
        "per_s": sent / said["seconds"],
        "answered_ms": said["answered_ms"],
    }
    if links is not None:
        found["links"] = links / sent
    if watched:
        found |= {"known_ms": said["known_ms"], "superseded": said["superseded"] / sent}
    return found


def one_round(bench: Bench, group: Group, systems: Sequence[System], cells: Cells, *, reverse: bool) -> None:
    """Measure a group's works once with each system; the order of the systems turns round by round."""
    order = systems[::-1] if reverse else systems
    if group.takes_turns:
        _take_turns(bench, group, order, cells)
        return
    for system in order:
        _take_turns(bench, group, [system], cells)


def _take_turns(bench: Bench, group: Group, systems: Sequence[System], cells: Cells) -> None:
    try:
        with ExitStack() as stack:
            _start_and_measure(bench, group, systems, cells, stack)
    except HerdError as error:  # all figures are there by then
        bench.tell(f"  a server did not stop as it should: {error}")


def _start_and_measure(
    bench: Bench, group: Group, systems: Sequence[System], cells: Cells, stack: ExitStack
) -> None:
    running: dict[str, Target] = {}
    for system in systems:
        own = [work for work in group.works if work.name in system.works]
        if not own:
            continue
        bench.tell(f"  {system.title}: starting")
        try:
            running[system.name] = stack.enter_context(system.start())
            bench.fill(running[system.name], own)
        except HerdError as error:
            running.pop(system.name, None)
            for work in own:
                cells[work.name].setdefault(system.name, []).append({"failure": str(error)})
    for work in group.works:
        for system in systems:
            if system.name in running and work.name in system.works:
                found = _measure(bench, running[system.name], work)
                cells[work.name].setdefault(system.name, []).append(found)
                bench.tell(f"  {work.title}: {system.title}: {in_short(found)}")


def _measure(bench: Bench, target: Target, work: Work) -> Figures:
    try:
        return bench.measure(target, work)
    except HerdError as error:
        return {"failure": str(error)}


def in_short(found: Figures) -> str:
    """Return one measurement for the person who waits."""
    if "failure" in found:
        return f"no figures: {found['failure']}"
    words = f"{found['cpu_us']:.2f} µs, {found['per_s']:,.0f}/s"
    if found.get("known_ms"):
        words += f", known everywhere after {found['known_ms']['p99']:.1f} ms (p99)"
    return words
