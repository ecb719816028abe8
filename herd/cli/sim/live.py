"""`herd sim run --realtime`: a run on the real reactor, to be watched and talked to."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

import click
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError

import herd
from herd.cli.sim.progress import showing
from herd.core.errors import HerdError
from herd.sim.explore.live import Live, Publication
from herd.sim.explore.task import Done, prepared, undrawn
from herd.sim.explore.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twisted.python.failure import Failure

    from herd.sim.explore.run import Outcome, Run
    from herd.sim.explore.task import Task
    from herd.sim.scenario import Scenario


def perform_live(
    task: Task,
    scenario: Scenario,
    publications: Sequence[Publication],
    *,
    trace_file: Path | None = None,
    tape_file: Path | None = None,
) -> Verdict:
    """Run a task at the pace of a real clock, in this process, until its end or Ctrl-C."""
    from twisted.internet import reactor as global_reactor

    reactor: Any = global_reactor
    began_s = time.perf_counter()
    with prepared(task, scenario, trace_file=trace_file, tape_file=tape_file, version=herd.__version__) as (
        run,
        tape,
    ):
        try:
            live = Live(run, reactor, _known(publications, run))
        except CannotListenError as error:
            run.close()
            raise HerdError(
                f"port {error.port} of this machine cannot be had: {error.socketError}"
            ) from error
        for each, address in zip(publications, live.addresses, strict=True):
            click.echo(f"{each.host}:{each.port} is at {address.host}:{address.port}", err=True)
        outcome = _run(live, reactor, task.until_s)
    done = Done(outcome, time.perf_counter() - began_s, undrawn(task, tape))
    return Verdict(task.seed, outcome, outcome.violations, done.undrawn, done.real_s, 0.0)


def _known(publications: Sequence[Publication], run: Run) -> Sequence[Publication]:
    hosts = run.simulation.hosts
    for each in publications:
        if each.host not in hosts:
            run.close()
            raise click.UsageError(f"there is no host {each.host} to publish; there are {', '.join(hosts)}")
    return publications


def _run(live: Live, reactor: Any, until_s: float | None) -> Outcome:
    """Run the reactor until the simulation has ended, by itself or by a signal."""
    outcomes: list[Outcome] = []
    failures: list[Failure] = []

    def interrupted(number: int, frame: object) -> None:
        del number, frame
        reactor.callFromThread(live.stop)

    with showing("real time, Ctrl-C ends it", " s") as show:

        def begin() -> None:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, interrupted)
            running = Deferred.fromCoroutine(
                live.run(until_s, lambda now_s, end_s, events: show(now_s, end_s, f"{events:,} events"))
            )
            running.addCallbacks(outcomes.append, failures.append)
            running.addCallback(lambda _: reactor.stop())

        reactor.callWhenRunning(begin)
        reactor.run()
    for failure in failures:
        failure.raiseException()
    return outcomes[0]
