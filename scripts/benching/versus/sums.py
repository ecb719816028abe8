"""From the figures of each round to medians, spreads and ratios. Ratios are taken within a round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from benching.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benching.versus.measuring import Cells


@frozen
class Contest:
    """One row of what herd is measured by: its two cores against a peer, and the ratios aimed at."""

    title: str
    work: str
    own: str
    """The name of herd's system, `{core}` for pure or compiled."""
    peers: tuple[str, ...]
    """The peer's system; the first of them that was measured counts."""
    metric: str
    aims: tuple[float, float]
    """For the pure core and the compiled one: no more than so many times the peer's figure."""


_IAMAT: Final = "CPU per report, 50 connections, one server, {} deep"

CONTESTS: Final = (
    Contest(_IAMAT.format(64), "one-64", "{core}", ("geoadd",), "cpu_us", (1.2, 0.3)),
    Contest(_IAMAT.format(16), "one-16", "{core}", ("geoadd",), "cpu_us", (1.3, 0.4)),
    Contest(_IAMAT.format(1), "one-1", "{core}", ("geoadd",), "cpu_us", (1.7, 1.0)),
    Contest(
        "CPU of all servers per update, five servers, saturated",
        "flood",
        "{core}-5",
        ("geoadd-5",),
        "cpu_us",
        (1.2, 0.4),
    ),
    Contest(
        "p99 until known everywhere, five servers, 2,000/s",
        "known-2000",
        "{core}-watched",
        ("nats-5",),
        "known_ms.p99",
        (1.5, 1.0),
    ),
    Contest(
        "p99 until known everywhere, five servers, 20,000/s",
        "known-20000",
        "{core}-watched",
        ("nats-5",),
        "known_ms.p99",
        (1.5, 1.0),
    ),
    Contest(_IAMAT.format(64), "one-64", "{core}", ("published", "stand-in"), "cpu_us", (0.3, 0.1)),
)
"""What herd is measured by, but for memory."""

MEMORY_TITLE: Final = "resident bytes per client, {:,} clients"
MEMORY_AIMS: Final = (2.2, 1.5)
MEMORY_SUBJECTS: Final = {"pure": "herd pure", "compiled": "herd"}


def value(figures: Mapping[str, Any], metric: str) -> float | None:
    """Return a figure by its path, `known_ms.p99`; None where there is none."""
    found: Any = figures
    for key in metric.split("."):
        if not isinstance(found, dict) or key not in found:
            return None
        found = found[key]
    return None if found is None else float(found)


def spread(cells: Cells, work: str, system: str, metric: str = "cpu_us") -> Spread | None:
    """Sum up one figure of all rounds."""
    values = [value(each, metric) for each in cells.get(work, {}).get(system, [])]
    known = [each for each in values if each is not None]
    return Spread.of(known) if known else None


def ratio(cells: Cells, work: str, own: str, other: str, metric: str = "cpu_us") -> Spread | None:
    """Return how many times the other's figure a system's is, round by round."""
    rounds = cells.get(work, {})
    pairs = [
        (value(one, metric), value(two, metric))
        for one, two in zip(rounds.get(own, []), rounds.get(other, []), strict=False)
    ]
    ratios = [one / two for one, two in pairs if one is not None and two]
    return Spread.of(ratios) if ratios else None


def peer_of(cells: Cells, contest: Contest) -> str | None:
    """Return the peer that was measured."""
    measured = cells.get(contest.work, {})
    return next((peer for peer in contest.peers if peer in measured), None)


def failures(cells: Cells) -> list[str]:
    """Tell of every measurement that gave no figures."""
    return [
        f"{work}, {system}: {each['failure']}"
        for work, systems in cells.items()
        for system, rounds in systems.items()
        for each in rounds
        if "failure" in each
    ]


def most_clients(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return the most clients that `bench/memory` measured with."""
    return max((row["clients"] for row in rows), default=0)


def memory_spread(rows: Sequence[Mapping[str, Any]], subject: str, key: str) -> Spread | None:
    """Return what `bench/memory` says of one subject at the most clients."""
    for row in rows:
        if row["subject"] == subject and row["clients"] == most_clients(rows) and key in row:
            return Spread(**row[key])
    return None
