"""One run, in a child of its own, shown while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import herd
from herd.cli.sim.progress import showing
from herd.sim.explore.crew import Crew
from herd.sim.explore.task import perform
from herd.sim.explore.verdict import Verdict, judge

if TYPE_CHECKING:
    from pathlib import Path

    from herd.sim.explore.children import Tell
    from herd.sim.explore.task import Task
    from herd.sim.scenario import Scenario

FOREVER_S = 1e6
"""Whoever watches one run ends it when he has seen enough."""


def perform_alone(
    task: Task, scenario: Scenario, *, trace_file: Path | None = None, tape_file: Path | None = None
) -> Verdict:
    """Run a task in a forked child, as every run of many is; show virtual time and events."""

    def work(tell: Tell) -> object:
        return perform(
            task,
            scenario,
            trace_file=trace_file,
            tape_file=tape_file,
            version=herd.__version__,
            tell=lambda *news: tell(news),
        )

    with Crew[int](1, FOREVER_S) as crew, showing(f"seed {task.seed}", " s") as show:
        crew.start(0, work)
        while True:
            news, ended = crew.wait()
            for _, (now_s, end_s, events) in news:
                show(now_s, end_s, f"virtual, {events:,} events")
            if ended:
                return judge(task.seed, ended[0][1])
