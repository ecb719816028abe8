"""A report: the figures of every round with what they depend on, made now or read from a file."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benching.machine import interpreter
from benching.versus.daemons import first_line, missing, program
from benching.versus.sums import failures
from benching.versus.systems import cores

import herd
from herd.core.errors import HerdError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benching.versus.measuring import Cells
    from benching.versus.systems import System

MEMORY: Final = "memory"
"""What is measured by the script beside."""

_FORMAT: Final = 1
_VERSIONS: Final = {
    "redis-server": "--version",
    "nats-server": "--version",
    "mosquitto": "-h",
}
_LONGEST_VERSION: Final = 60


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    release = Path("/proc/sys/kernel/osrelease").read_text("ascii").strip()
    info = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    found = {
        "machine": f"{names[0] if names else 'unknown'}, {len(names)} processors, Linux {release}",
        "Python": interpreter(),
        "herd": f"{herd.__version__}, cores: {', '.join(cores())}",
    }
    for name, word in _VERSIONS.items():
        if (path := program(name)) is not None:
            found[name] = first_line([path, word])[:_LONGEST_VERSION]
    return found


def make(rounds: int, systems: Iterable[System], cells: Cells, memory: list[Any]) -> dict[str, Any]:
    """Return a report of what was measured now."""
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    done = [work for work, found in cells.items() if found] + ([MEMORY] if memory else [])
    return {
        "format": _FORMAT,
        "date": date,
        "rounds": rounds,
        "about": machine(),
        "measured": dict.fromkeys(done, date),
        "titles": {system.name: system.title for system in systems},
        "cells": {work: found for work, found in cells.items() if found},
        "memory": memory,
        "missing": missing(),
        "failures": failures(cells),
    }


def merge(report: dict[str, Any], earlier: Mapping[str, Any]) -> dict[str, Any]:
    """Return a report with what an earlier one has besides; each work keeps the date of its measurement."""
    taken = {work: date for work, date in earlier["measured"].items() if work not in report["measured"]}
    cells = {work: earlier["cells"][work] for work in taken if work != MEMORY}
    return report | {
        "measured": report["measured"] | taken,
        "titles": earlier["titles"] | report["titles"],
        "cells": report["cells"] | cells,
        "memory": earlier["memory"] if MEMORY in taken else report["memory"],
        "failures": [*report["failures"], *failures(cells)],
    }


def read(file: Path) -> dict[str, Any]:
    """Read a report that `--json` printed; a `HerdError` if it is none."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise HerdError(f"cannot read {file}: {error.strerror}") from None
    except ValueError:
        raise HerdError(f"{file} is no report: it is not JSON") from None
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise HerdError(f"{file} is no report of this script's --json")
    return found


def weigh(clients: int, rounds: int) -> list[Any]:
    """Have `scripts/bench/memory` measure what a client takes; a `HerdError` if it fails."""
    script = Path(__file__).resolve().parents[2] / "bench" / "memory"
    redis = ["redis"] if program("redis-server") else []
    subjects = ["herd pure", *(["herd"] if "compiled" in cores() else []), *redis]
    how = ["--clients", str(clients), "--rounds", str(rounds), "--json"]
    command = [sys.executable, str(script), *subjects, *how]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise HerdError(f"scripts/bench/memory failed with exit status {done.returncode}")
    rows: list[Any] = json.loads(done.stdout)["rows"]
    return rows
