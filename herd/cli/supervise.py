"""The life of `herd up`: start the processes, look at them through their control sockets, tell, stop them.

Two sources say how things stand: the process monitor (a process ended) and a look at all control sockets
every now and then (a server answers; its links). `Watch` says what of that is worth telling. Everything ends
in one place, `end`: by Ctrl-C, by a server that cannot start, or by a session that was all that was wanted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from herd.cli.control import remove_if_dead, standings
from herd.cli.processes import STOP_MARGIN_S, Death, ServerMonitor, twistd_command
from herd.cli.report import Report
from herd.cli.session import run_session
from herd.cli.watch import Happening, Watch
from herd.config.model import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twisted.python.failure import Failure

LOOK_S: Final = 1.0
"""Between two looks when all is well."""

LOOK_SOON_S: Final = 0.1
"""Between two looks while something is not up."""


@frozen(kw_only=True)
class Plan:
    """What is wanted of `herd up`."""

    config: Config
    config_file: Path | None
    names: tuple[str, ...]
    session: bool = False
    once: bool = False


@define(eq=False)
class Supervisor:
    """One run of `herd up`."""

    _plan: Plan
    _reactor: Any
    _report: Report
    _monitor: ServerMonitor = field(init=False)
    _watch: Watch = field(init=False)
    _session_held: bool = False
    _pause: Deferred[None] | None = None
    _exit_status: int | None = None

    def __attrs_post_init__(self) -> None:
        plan = self._plan
        stop_s = plan.config.limits.shutdown_s + STOP_MARGIN_S
        self._watch = Watch(plan.config, plan.names, self._reactor.seconds())
        self._monitor = ServerMonitor(self._reactor, stop_s, self._process_died)
        for name in plan.names:
            self._monitor.add(name, twistd_command(name, plan.config_file, stop_s))

    async def run(self) -> int:
        """Run until `end`; return the exit status. Nothing that was started is left behind."""
        plan = self._plan
        text = f"Starting {', '.join(plan.names)}; logs are in {plan.config.log_file(plan.names[0]).parent}"
        self._tell(Happening("starting", text, {"servers": plan.names}))
        self._monitor.startService()
        try:
            while self._exit_status is None:
                found = await deferToThread(standings, plan.config, plan.names)
                if self._exit_status is not None:
                    break  # what is seen of a herd that is told to stop is no news
                pids = {name: self._monitor.pid(name) for name in plan.names}
                for happening in self._watch.look(found, pids, self._reactor.seconds()):
                    self._tell(happening)
                self._show_table()
                await self._wait()
        finally:
            await self._monitor.stop()
            for name in plan.names:
                remove_if_dead(plan.config.control_socket(name))  # of a server that had to be killed
        self._tell(Happening("stopped", "Stopped."))
        return self._exit_status

    def end(self, exit_status: int) -> None:
        """Stop everything; the first reason counts."""
        if self._exit_status is None:
            self._exit_status = exit_status
            self._look_now()

    def interrupt(self) -> None:
        """Stop as told by a signal: in order at first, at once the second time."""
        if self._exit_status is not None:
            self._monitor.kill()
            return
        self._tell(Happening("stopping", "Stopping; Ctrl-C again kills the servers at once."))
        self.end(0)

    def _look_now(self) -> None:
        if self._pause is not None:
            self._pause.cancel()

    async def _wait(self) -> None:
        if self._exit_status is not None:
            return
        self._pause = deferLater(self._reactor, LOOK_S if self._watch.whole else LOOK_SOON_S)
        with contextlib.suppress(CancelledError):
            await self._pause
        self._pause = None

    def _process_died(self, death: Death) -> None:
        if self._exit_status is None:
            self._tell(self._watch.died(death, self._reactor.seconds()))
            self._look_now()

    def _tell(self, happening: Happening) -> None:
        with self._while_somebody_reads():
            self._report.say(happening.event, happening.text, **happening.facts)
        if happening.event == "failed" or (happening.event == "missing" and self._plan.once):
            self.end(1)
        elif happening.event == "links-up" and self._plan.session and not self._session_held:
            self._session_held = True
            self._hold_session()

    def _show_table(self) -> None:
        if self._report.wants_table:
            from herd.cli.table import herd_table

            table = herd_table(self._plan.config, self._watch.standings.values(), self._watch.notes)
            with self._while_somebody_reads():
                self._report.show(table)

    @contextlib.contextmanager
    def _while_somebody_reads(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            # The reader of a pipe is gone (`herd up | head -1`), or the terminal: nobody is left to run for.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.end(1)

    def _hold_session(self) -> None:
        def tell(event: str, text: str, **facts: Any) -> None:
            self._reactor.callFromThread(tell_here, Happening(event, text, facts))

        def tell_here(happening: Happening) -> None:
            if self._exit_status is None:  # a session cut short by Ctrl-C has nothing to complain of
                self._tell(happening)

        def held(right: bool) -> None:  # noqa: FBT001  # a callback's result
            if self._plan.once:
                self.end(0 if right else 1)

        def broke(failure: Failure) -> None:
            self._tell(Happening("wrong", failure.getTraceback()))
            held(right=False)

        deferToThread(run_session, self._plan.config, self._plan.names, tell).addCallbacks(held, broke)


def supervise(plan: Plan, report: Report) -> int:
    """Run the herd in the foreground, in the global reactor, until a signal; return the exit status."""
    from twisted.internet import reactor as global_reactor

    reactor: Any = global_reactor
    supervisor = Supervisor(plan, reactor, report)
    statuses: list[int] = []
    failures: list[Failure] = []

    def interrupted(number: int, frame: object) -> None:
        del number, frame
        reactor.callFromThread(supervisor.interrupt)

    def begin() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, and `&` in a script, ignore some
                signal.signal(number, interrupted)
        running = Deferred.fromCoroutine(supervisor.run())
        running.addCallbacks(statuses.append, failures.append)
        running.addCallback(lambda _: reactor.stop())

    reactor.callWhenRunning(begin)
    try:
        reactor.run()
    finally:
        with contextlib.suppress(OSError):
            report.close()
    for failure in failures:
        failure.raiseException()
    return statuses[0]
