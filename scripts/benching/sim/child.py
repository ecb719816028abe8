"""One measurement, in a process of its own: `python -m benching.sim.child '{"simulator": "herd", ...}'`.

Prints the figures as one line of JSON, and ends without tearing anything down.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from benching.sim.plan import Plan
from benching.sim.rounds import Job

if TYPE_CHECKING:
    from collections.abc import Mapping


def finish(figures: dict[str, Any]) -> None:
    """Tell, and end at once."""
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()
    os._exit(0)


def main() -> None:
    """Measure."""
    job = Job(**json.loads(sys.argv[1]))
    if job.simulator.startswith("herd"):
        from benching.sim.hosted import MEASURES  # noqa: PLC0415 - each side needs what the other has not
    else:
        from benching.sim.peers import MEASURES  # noqa: PLC0415 - likewise
    measures: Mapping[str, Any] = MEASURES
    if job.what == "bare":
        measures[f"{job.simulator} bare"](job.hosts, finish)
    plan = Plan(job.hosts, 0 if job.what == "linked" else job.updates, seed=job.seed)
    measures[job.simulator](plan, job.way, finish)


if __name__ == "__main__":
    main()
