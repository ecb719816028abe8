"""What the rounds come to: figures for a program, and tables for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import asdict
from benching.sim.rounds import Failure
from benching.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benching.sim.rounds import Job

    Results = Mapping[Job, Sequence[Mapping[str, Any] | Failure]]

KINDS: Final = {
    "protocols": "connections",
    "streams": "connections",
    "datagrams": "datagrams",
}
RATES: Final[dict[str, Callable[[Mapping[str, Any]], float]]] = {
    "messages_per_cpu_s": lambda found: found["delivered"] / found["cpu_s"],
    "messages_per_wall_s": lambda found: found["delivered"] / found["wall_s"],
    "cpu_us_per_message": lambda found: 1e6 * found["cpu_s"] / found["delivered"],
    "events_per_cpu_s": lambda found: found["events"] / found["cpu_s"],
    "messages_per_chunk": lambda found: found["delivered"] / (found["chunks"] or found["delivered"]),
    "resident_mib": lambda found: found["resident_mib"],
}


def floods(results: Results) -> list[dict[str, Any]]:
    """Sum up each flood: every simulator's figures, and how many times as fast herd's are."""
    contests: dict[tuple[str, int], dict[Job, Sequence[Mapping[str, Any] | Failure]]] = {}
    for job, found in results.items():
        contests.setdefault((KINDS[job.way], job.hosts), {})[job] = found
    return [contest(kind, hosts, jobs) for (kind, hosts), jobs in contests.items()]


def contest(kind: str, hosts: int, jobs: Results) -> dict[str, Any]:
    """Sum up one flood."""
    subjects = {job.subject: subject(found) for job, found in jobs.items()}
    by_name = {job.subject: found for job, found in jobs.items()}
    ratios = {
        f"{own} / {other}": asdict(ratio)
        for own in by_name
        if own.startswith("herd")
        for other in by_name
        if not other.startswith("herd") and (ratio := times(by_name[own], by_name[other])) is not None
    }
    counts = sorted({found["delivered"] for found in subjects.values() if "failure" not in found})
    return {"kind": kind, "hosts": hosts, "delivered": counts, "subjects": subjects, "ratios": ratios}


def subject(found: Sequence[Mapping[str, Any] | Failure]) -> dict[str, Any]:
    """Sum up the rounds of one simulator, or say why there are none."""
    good = [each for each in found if not isinstance(each, Failure)]
    if len(good) < len(found) or not good:
        reasons = [each.reason for each in found if isinstance(each, Failure)]
        return {"failure": reasons[0] if reasons else "no round"}
    spreads = {name: asdict(Spread.of([rate(each) for each in good])) for name, rate in RATES.items()}
    return {"rounds": len(good), "delivered": good[0]["delivered"], "events": good[0]["events"], **spreads}


def times(
    own: Sequence[Mapping[str, Any] | Failure], other: Sequence[Mapping[str, Any] | Failure]
) -> Spread | None:
    """Return how many times as fast one is as the other, round by round, in processor time."""
    pairs = [
        two["cpu_s"] / one["cpu_s"]
        for one, two in zip(own, other, strict=False)
        if not isinstance(one, Failure) and not isinstance(two, Failure)
    ]
    return Spread.of(pairs) if pairs else None


def weights(results: Results) -> list[dict[str, Any]]:
    """Sum up what a host weighs."""
    rows = []
    for job, found in results.items():
        row = {"simulator": job.simulator, "host": job.what, "hosts": job.hosts}
        good = [each["hosts_kib"] / job.hosts for each in found if not isinstance(each, Failure)]
        bad = [each.reason for each in found if isinstance(each, Failure)]
        rows.append(row | ({"failure": bad[0]} if bad else {"kib": asdict(Spread.of(good))}))
    return rows


def text(report: Mapping[str, Any]) -> str:
    """Return the tables."""
    lines = [
        f"{report['interpreter']}, {report['machine']}, median (least-most) of {report['rounds']} rounds"
    ]
    for each in report.get("floods", []):
        lines += ["", *contest_lines(each)]
    if report.get("memory"):
        lines += ["", "memory: KiB of the resident set a host"]
    for row in report.get("memory", []):
        amount = row.get("failure") or show(row["kib"])
        lines.append(f"  {row['simulator']:<18} {row['host']:<7} {row['hosts']:>7,} hosts  {amount}")
    seeds = report.get("seeds")
    if seeds:
        told = seeds.get("failure") or (
            f"{seeds['per_s']} a second, {seeds['per_cpu_s']} a second of processor time "
            f"({seeds['seeds']} seeds)"
        )
        lines += ["", f"seeds of a herd under faults, one core: {told}"]
    return "\n".join(lines)


def contest_lines(each: Mapping[str, Any]) -> list[str]:
    """Return one flood's table."""
    counts = " and ".join(f"{count:,}" for count in each["delivered"]) or "none"
    lines = [
        f"flood over {each['kind']}, {each['hosts']:,} hosts; messages delivered in each: {counts}",
        f"  {'':<18} {'messages / cpu s':>26} {'events / cpu s':>26} {'events':>10} {'MiB':>6}",
    ]
    for name, found in each["subjects"].items():
        if "failure" in found:
            lines.append(f"  {name:<18} no figures: {found['failure']}")
            continue
        lines.append(
            f"  {name:<18} {show(found['messages_per_cpu_s']):>26} {show(found['events_per_cpu_s']):>26} "
            f"{found['events']:>10,} {found['resident_mib']['median']:>6,.0f}"
        )
    lines += [f"  {name:<24} {show(ratio, 2)} times as fast" for name, ratio in each["ratios"].items()]
    return lines


def show(spread: Mapping[str, float], digits: int | None = None) -> str:
    """Return a spread as text."""
    if digits is None:
        digits = 1 if spread["median"] < 1000 else 0  # noqa: PLR2004 - what fits a column
    median, least, most = (spread[key] for key in ("median", "least", "most"))
    return f"{median:,.{digits}f} ({least:,.{digits}f}-{most:,.{digits}f})"
