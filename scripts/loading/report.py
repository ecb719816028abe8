"""What a load came to: as one object for programs, and in words for people."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Any, Final

from loading.latencies import Latencies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loading.measure import Measured
    from loading.observation import Observed
    from loading.plan import Plan
    from loading.sightings import Seen

BUSY: Final = 0.9
"""The share of a processor from which on this program, and not the herd, may be what is measured."""

KEYS: Final = """\
  load, machine, seed      what was measured, where, and how to have the same positions again
  plan                     connections, pipeline, seconds, clients, whatsat_percent, rate, processes, servers
  per_s, seconds           right answers a second while commands were sent; how long that was
  iamat, whatsat           right answers
  latency_ms               p50, p90, p99, p99.9, max; latency_from: "sending" or "when due"
  latency_hdr              the whole histogram, in microseconds, in HdrHistogram's compressed base64 form
  errors                   wrong + refused + unanswered + connections_lost; first_error: in words, or null
  never_sent               commands that were due and for which the herd left no room
  servers_cpu_us_per_answer   of all servers together; null where they are not on this machine
  own_cpu_us_per_answer    of the generator; own_cpu_share: of one processor, its busiest process
  own_busy_share           how much of the time that process ran or was ready to run
  own_late_ms              by how much the generator itself sent commands late; null in the closed loop
  rate_over_time           pairs of seconds and answers a second
  convergence              null, or: servers (by name: records, superseded, ms, hdr), everywhere (the same, of
                           the last server to know), from, lost (links that ended), observer_cpu_share and
                           observer_busy_share, as of the generator;
                           superseded: reports that a newer one of the same client overtook on the way
  self_test, ended_early   true or false"""


def merged(encoded: Iterable[str]) -> Latencies:
    """Return the sum of histograms."""
    latencies = Latencies()
    for each in encoded:
        latencies.add_encoded(each)
    return latencies


def as_json(measured: Measured, *, is_self_test: bool) -> dict[str, Any]:
    """Return every figure; `KEYS` says what they are."""
    plan, outcomes = measured.plan, measured.outcomes
    latency = merged(each.latency for each in outcomes)
    iamat, whatsat = sum(each.iamat for each in outcomes), sum(each.whatsat for each in outcomes)
    wrong, refused = sum(each.wrong for each in outcomes), sum(each.refused for each in outcomes)
    lost, unanswered = sum(each.lost for each in outcomes), sum(each.unanswered for each in outcomes)
    sending_s = max(each.sending_s for each in outcomes)
    per_answer = 1e6 / max(1, iamat + whatsat)
    servers_s = measured.servers_cpu_s
    late = merged(each.late for each in outcomes)
    return {
        "load": in_brief(plan),
        "machine": _machine(),
        "seed": plan.seed,
        "plan": as_plan(plan),
        "per_s": round(sum(each.answered_in_time for each in outcomes) / sending_s, 1),
        "seconds": round(sending_s, 3),
        "iamat": iamat,
        "whatsat": whatsat,
        "latency_ms": latency.summary_ms(),
        "latency_from": latency_from(plan),
        "latency_hdr": latency.encoded(),
        "errors": wrong + refused + lost + unanswered,
        "wrong": wrong,
        "refused": refused,
        "unanswered": unanswered,
        "connections_lost": lost,
        "first_error": next((each.complaint for each in outcomes if each.complaint), None),
        "never_sent": sum(each.never_sent for each in outcomes),
        "servers_cpu_us_per_answer": None if servers_s is None else round(servers_s * per_answer, 2),
        "own_cpu_us_per_answer": round(sum(each.cpu_s for each in outcomes) * per_answer, 2),
        "own_cpu_share": round(max(each.cpu_s / each.whole_s for each in outcomes), 2),
        "own_busy_share": round(max(each.busy_s / each.whole_s for each in outcomes), 2),
        "own_late_ms": None if plan.rate is None else late.summary_ms(),
        "rate_over_time": [[round(at_s, 2), round(per_s, 1)] for at_s, per_s in measured.timeline.rates()],
        "convergence": _convergence(measured.observed, iamat, plan),
        "self_test": is_self_test,
        "ended_early": measured.has_ended_early,
    }


def _machine() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {os.cpu_count()} processors"


def latency_from(plan: Plan) -> str:
    """Return the moment that latencies count from."""
    return "sending" if plan.rate is None else "when due"


def as_plan(plan: Plan) -> dict[str, Any]:
    """Return the plan's numbers."""
    return {
        "servers": len(plan.addresses),
        "connections": plan.connections,
        "pipeline": plan.pipeline,
        "seconds": plan.seconds,
        "clients": plan.clients,
        "whatsat_percent": plan.whatsat_percent,
        "rate": plan.rate,
        "processes": plan.processes,
    }


def in_brief(plan: Plan) -> str:
    """Return the plan in a line."""
    pace = "as many as will go" if plan.rate is None else f"{plan.rate:,.0f} a second due"
    mix = f", {plan.whatsat_percent:g} % WHATSAT" if plan.whatsat_percent else ""
    return (
        f"{len(plan.addresses)} servers, {plan.connections} connections, {plan.pipeline} deep, "
        f"{plan.clients:,} clients{mix}, {plan.seconds:g} s, {pace}"
    )


def _convergence(observed: Observed | None, reports: int, plan: Plan) -> dict[str, Any] | None:
    if observed is None:
        return None

    def one(seen: Seen) -> dict[str, Any]:
        latencies = merged([seen.latency])
        return {
            "records": seen.records,
            "superseded": max(0, reports - seen.records),
            "ms": latencies.summary_ms(),
            "hdr": seen.latency,
        }

    return {
        "from": latency_from(plan),
        "servers": {name: one(seen) for name, seen in observed.servers.items()},
        "everywhere": one(observed.everywhere),
        "lost": observed.lost,
        "observer_cpu_share": round(observed.cpu_s / observed.whole_s, 2),
        "observer_busy_share": round(observed.busy_s / observed.whole_s, 2),
    }


def in_words(found: dict[str, Any]) -> str:
    """Return the figures for a person."""
    servers = found["servers_cpu_us_per_answer"]
    cost = "not known: they are not on this machine" if servers is None else f"{servers} µs, all together"
    own = f"{found['own_cpu_us_per_answer']} µs; {100 * found['own_cpu_share']:.0f} % of a processor"
    lines = [
        f"answers    {found['per_s']:,.0f} a second; {found['iamat']:,} IAMAT, {found['whatsat']:,} WHATSAT",
        f"latency    {_ms(found['latency_ms'])}, from {found['latency_from']}",
        f"errors     {found['errors']}" + (f", first {found['first_error']}" if found["errors"] else ""),
        f"cpu        of the {'trivial server' if found['self_test'] else 'servers'} per answer: {cost}",
        f"           of this program per answer: {own}",
    ]
    if found["own_late_ms"] is not None:
        lines.append(
            f"           this program sent late by {_ms(found['own_late_ms'])}, which latency includes"
        )
    if found["convergence"] is not None:
        lines += _convergence_in_words(found["convergence"])
    lines += _notes(found)
    lines.append(
        f"machine    {found['machine']}, which the servers and this program share unless they are elsewhere"
    )
    return "\n".join(lines)


def _ms(summary: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.2f}" for name, value in summary.items()) + " ms"


def _convergence_in_words(found: dict[str, Any]) -> list[str]:
    width = max(map(len, [*found["servers"], "everywhere"]))
    moment = "sending" if found["from"] == "sending" else "due time"
    lines = [f"known      by each server, and by all, after a report's {moment} (a hop to here included):"]
    for name, seen in [*found["servers"].items(), ("everywhere", found["everywhere"])]:
        overtaken = f"; {seen['superseded']:,} superseded" if seen["superseded"] else ""
        lines.append(f"  {name:{width}} {_ms(seen['ms'])}; {seen['records']:,} reports{overtaken}")
    lines += [f"note       a link of the observer was lost: {reason}" for reason in found["lost"]]
    if found["observer_busy_share"] >= BUSY:
        lines.append(
            "note       the observer was busy, or had no processor, all the time: it saw records late"
        )
    return lines


def _notes(found: dict[str, Any]) -> list[str]:
    plan, lines = found["plan"], []
    if found["ended_early"]:
        lines.append(f"note       ended early, after {found['seconds']:g} s")
    if found["never_sent"] and not found["ended_early"]:
        lines.append(
            f"late       the herd did not keep up: {found['never_sent']:,} commands that were due were never "
            "sent; in the latency they count as if answered at the end"
        )
    if found["self_test"]:
        lines.append(
            "note       no herd was there: this is what the load test itself costs, and can do at most"
        )
    elif found["own_cpu_share"] >= BUSY:
        lines.append(
            f"note       a process of this program used {100 * found['own_cpu_share']:.0f} % of a processor: "
            "the herd may be able to do more; try --processes"
        )
    elif found["own_busy_share"] >= BUSY:
        lines.append("note       this program was short of a processor: the herd may be able to do more")
    elif found["own_late_ms"] is not None and found["own_late_ms"]["p99"] > found["latency_ms"]["p99"] / 2:
        lines.append("note       much of the latency is this program's own: it, or the machine, is too busy")
    elif plan["rate"] is None and plan["connections"] * plan["pipeline"] < plan["servers"]:
        lines.append("note       so few commands under way do not keep every server busy")
    return lines
