"""A run in words: a line for each invariant, and for one that did not hold all that is needed to see why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torturing.run import Run

MOST_BREACHES: Final = 5
MOST_CLIENTS: Final = 2
MOST_LOG_LINES: Final = 60


def verdicts(run: Run) -> dict[str, str]:
    """Return, for each invariant, what was seen of it."""
    history, rest = run.history, run.rest
    counts = history.counts
    sent = [sum(update.values()) for update in rest.quiet.updates]
    held = max(rest.records.values(), default=0)
    return {
        "converges": (
            f"{len(rest.records)} servers hold the same {held:,} records "
            f"{rest.converged_s - rest.linked_s:.1f} s after the last link was up"
        ),
        "never goes back": f"{len(history.sightings):,} records seen in {run.lives} lives of servers",
        "terminates": (
            f"at rest nothing was sent, then a report was sent {min(sent, default=0)} to "
            f"{max(sent, default=0)} times in all, once over a link and direction at the most"
        ),
        "promises kept": (
            f"{counts['reports acknowledged']:,} acknowledged reports ({run.durability}), "
            f"{len(history.deaths)} deaths; {counts['reports refused']:,} reports were refused and "
            f"{counts['reports unanswered']:,} not answered in time"
        ),
        "bounded": (
            f"outboxes of up to {run.peaks.outbox:,} records; a server grew by up to "
            f"{run.peaks.growth_bytes / 2**20:.1f} MiB"
        ),
        "no strangers": (
            f"{counts['lines of strangers']:,} lines and {counts['connections of strangers to links']:,} "
            "connections to links changed nothing"
        ),
        "answers": f"{history.connections:,} connections of clients, every command answered in its turn",
        "no errors": "none printed, and all servers stopped in order",
    }


def lines(run: Run) -> Iterator[str]:
    """Yield the lines for a person."""
    seen = verdicts(run)
    for name, breaches in run.breaches.items():
        if not breaches:
            yield f"{name} ok {seen[name]}"
            continue
        yield f"{name} BROKEN {len(breaches)} times"
        for breach in breaches[:MOST_BREACHES]:
            yield f"    {breach.text}"
    if is_broken(run):
        yield from _evidence(run)


def _evidence(run: Run) -> Iterator[str]:
    yield f"again: scripts/torture --durability {run.durability} --seed {run.seed} --seconds {run.seconds:g}"
    yield "faults:"
    yield from (f"    {at_s:8.3f} s  {text}" for at_s, text in run.faults)
    clients = [client for breaches in run.breaches.values() for each in breaches for client in each.clients]
    for client in list(dict.fromkeys(clients))[:MOST_CLIENTS]:
        yield f"log lines about {client!r}:"
        yield from (f"    {line}" for line in _log_lines(run, client)[-MOST_LOG_LINES:])
    yield f"files: {run.kept}"


def _log_lines(run: Run, client: bytes) -> list[str]:
    """Return what servers logged about a client, in the order of their clocks."""
    if run.kept is None:
        return []
    word = f" {client.decode()} "
    found = []
    for file in sorted(run.kept.glob("*.log")):
        for line in file.read_text("utf-8").splitlines():
            if word in line:
                time, _, rest = line.partition(" ")
                found.append(f"{time} {file.stem}: {rest}")
    return sorted(found)


def is_broken(run: Run) -> bool:
    """Tell whether anything did not hold."""
    return any(run.breaches.values())


def as_json(run: Run) -> dict[str, Any]:
    """Return the run for a program."""
    seen = verdicts(run)
    return {
        "durability": run.durability,
        "seconds": run.seconds,
        "ok": not is_broken(run),
        "invariants": {
            name: {
                "ok": not breaches,
                "seen": None if breaches else seen[name],
                "breaches": [each.text for each in breaches],
            }
            for name, breaches in run.breaches.items()
        },
        "counts": dict(run.history.counts),
        "faults": [{"at_s": round(at_s, 3), "what": text} for at_s, text in run.faults],
        "files": None if run.kept is None else str(run.kept),
    }
