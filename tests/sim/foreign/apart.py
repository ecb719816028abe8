"""Two hosts run a program in an interpreter that has not imported its libraries; prints what they print.

Run as `python -m tests.sim.foreign.apart SCRIPT`: each host gives the script its name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from herd.sim.engine.programs import Script
from herd.sim.engine.simulation import Simulation


def outputs(script: Path) -> dict[str, list[str]]:
    """Return what the hosts have printed in ten virtual seconds, and the problems."""
    simulation = Simulation(1)
    processes = [simulation.host(name).start(Script(script, name)) for name in ("one", "other")]
    simulation.run(10)
    found = {process.host.name: list(process.output) for process in processes}
    simulation.close()
    return {**found, "problems": [problem.text for problem in simulation.problems]}


if __name__ == "__main__":
    print(json.dumps(outputs(Path(sys.argv[1]))))  # noqa: T201 - it is what it is for
