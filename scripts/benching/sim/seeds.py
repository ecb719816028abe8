"""How many seeds of a herd under faults one core searches in a second: through `herd sim seeds` itself."""

from __future__ import annotations

import json
import resource
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final

from benching.sim.rounds import Failure

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO: Final = "five-servers-under-faults"


def herd_seeds_per_second(python: Path, count: int, limit_s: float) -> dict[str, Any] | Failure:
    """Search `count` seeds in one process, and return how many a second it managed, by wall and by processor.

    The program's own start is in the figures: with few seeds it weighs.
    """
    command = [str(python.parent / "herd"), "sim", "seeds", SCENARIO]
    command += ["--count", str(count), "--jobs", "1", "--json"]
    cpu_s, wall_s = _children_cpu_s(), time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    except FileNotFoundError:
        return Failure(f"{command[0]} does not exist: run scripts/setup")
    except subprocess.TimeoutExpired:
        return Failure(f"not over after {limit_s:g} s")
    cpu_s, wall_s = _children_cpu_s() - cpu_s, time.perf_counter() - wall_s
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return Failure(lines[-1])
    return {
        "scenario": SCENARIO,
        "seeds": count,
        "per_s": round(count / wall_s, 2),
        "per_cpu_s": round(count / cpu_s, 2),
        "told": json.loads(done.stdout.splitlines()[-1]),
    }


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
