"""Runs jobs in fresh processes, in alternating rounds, each with a limit, and sums the rounds up.

A machine that is busy with something else is busy with it for a while: subjects that take turns suffer alike,
and ratios are taken within a round.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import asdict, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCRIPTS: Final = Path(__file__).resolve().parents[2]


@frozen
class Job:
    """What one process does: measure `what` ("flood", "bare" or "linked") in one simulator."""

    simulator: str
    what: str = "flood"
    way: str = "protocols"
    hosts: int = 100
    updates: int = 100
    seed: int = 1

    @property
    def subject(self) -> str:
        """The name under which its figures appear."""
        plain = self.way in {"protocols", "datagrams"}
        return self.simulator if plain else f"{self.simulator} {self.way}"


@frozen
class Failure:
    """Why a job has no figures."""

    reason: str


def run(job: Job, python: Path, limit_s: float) -> dict[str, Any] | Failure:
    """Run a job in a process of its own."""
    command = [str(python), "-m", "benching.sim.child", json.dumps(asdict(job))]
    path = os.pathsep.join(
        [str(SCRIPTS), str(SCRIPTS.parent)]
    )  # the herd of this checkout, whatever is installed
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return Failure(f"not over after {limit_s:g} s")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return Failure(lines[-1])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if found.get("delivered") != found.get("awaited"):
        return Failure(f"{found['delivered']:,} messages delivered, not {found['awaited']:,}")
    return found


def alternate(
    jobs: Sequence[Job],
    rounds: int,
    python: Path,
    limit_s: float,
    told: Callable[[str], None],
) -> dict[Job, list[dict[str, Any] | Failure]]:
    """Run every job once a round, forwards and backwards in turn; one that failed is not run again."""
    results: dict[Job, list[dict[str, Any] | Failure]] = {job: [] for job in jobs}
    for number in range(rounds):
        for job in jobs if number % 2 == 0 else reversed(jobs):
            if any(isinstance(result, Failure) for result in results[job]):
                continue
            told(f"round {number + 1} of {rounds}: {job.subject} {job.what} {job.way}, {job.hosts:,} hosts")
            results[job].append(run(job, python, limit_s))
    return results
