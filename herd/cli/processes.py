"""Server processes under Twisted's process monitor, which starts again what dies, later each time.

The monitor here adds what a person wants to know: who died of what, its last words, when it is started again,
and when all of them are gone.
"""

# ruff: noqa: N802, N815  # names that Twisted calls
from __future__ import annotations

import contextlib
import os
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.python.failure import Failure
from twisted.runner.procmon import LoggingProtocol, ProcessMonitor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LAST_LINES: Final = 12
"""Lines of output kept of each process: a traceback's end, which is the part that says what happened."""

LINE_CHARACTERS: Final = 500
"""How much of a kept line is kept."""

STOP_MARGIN_S: Final = 3.0
"""What a process gets to end, past the time that its server may take to answer what is in flight."""


@frozen(kw_only=True)
class Death:
    """The end of a process that nobody here asked to end."""

    name: str
    pid: int | None
    """None for a process that could not be started."""
    cause: str
    """For instance `signal 9` or `exit status 1`."""
    killed: bool
    """Whether a signal ended it that people send (KILL, TERM, INT): its output shows no cause then."""
    last_lines: tuple[str, ...]
    again_in_s: float


def twistd_command(name: str, config_file: Path | None, stop_s: float) -> list[str]:
    """Return the command of a server's process; the file as an absolute path works from any directory.

    `-P` keeps whatever lies in the current directory from being imported in place of herd or Twisted.
    """
    child = [sys.executable, "-P", "-m", "herd.cli.child", f"{stop_s:g}"]
    twistd = ["--nodaemon", "--pidfile=", "herd", "--name", name]
    return [*child, *twistd, *([] if config_file is None else ["--config", str(config_file.resolve())])]


class _Output(LoggingProtocol):
    """One run of a process: keeps its last lines, whichever of its two streams they came by."""

    def __init__(self, service: ServerMonitor, name: str) -> None:
        self.service = service
        self.name = name
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._rest = b""
        self.pid: int | None = None

    def connectionMade(self) -> None:
        """Note who it is; the transport forgets when it is over."""
        transport: Any = self.transport
        self.pid = transport.pid

    def outReceived(self, data: bytes) -> None:
        """Keep whole lines, and the beginning of an unfinished one."""
        *whole, rest = (self._rest + data).split(b"\n")
        self._rest = rest[: 4 * LINE_CHARACTERS]
        for line in whole[-LAST_LINES:]:
            self._keep(line)

    errReceived = outReceived

    def _keep(self, line: bytes) -> None:
        text = line.decode(errors="backslashreplace").rstrip()
        if text:
            self._lines.append(text[:LINE_CHARACTERS])

    def last_lines(self) -> tuple[str, ...]:
        """Return what it wrote last, oldest first."""
        self._keep(self._rest)
        self._rest = b""
        return tuple(self._lines)

    def processEnded(self, reason: Failure) -> None:
        """Tell the monitor."""
        self.service._monitoredProcessExited(self.name, reason)  # noqa: SLF001  # the base class's own way


class ServerMonitor(ProcessMonitor):
    """Runs the processes of a herd; `died` is called for each death that it did not cause."""

    # A server takes a second or two to start: one that lives no longer than this has a mistake in its setup,
    # and each next start waits longer; one that lived longer is started again at once.
    threshold = 10
    minRestartDelay = 1
    maxRestartDelay = 30

    def __init__(self, reactor: Any, stop_s: float, died: Callable[[Death], None]) -> None:
        super().__init__(reactor)
        self.killTime = stop_s  # type: ignore[assignment]  # the base class says int, and only schedules with it
        self._died = died
        self._gone: Deferred[None] | None = None

    def add(self, name: str, command: Sequence[str]) -> None:
        """Have a process run from the start of the service on, in this process's environment."""
        self.addProcess(name, list(command), env=dict(os.environ))

    def pid(self, name: str) -> int | None:
        """Return the process id of a running process, None for one that does not run."""
        output = self.protocols.get(name)
        return output.pid if isinstance(output, _Output) else None

    def stop(self) -> Deferred[None]:
        """Ask all processes to end, kill those that have not after `stop_s`; fires when all are gone."""
        self._gone = Deferred()
        self.stopService()
        self._tell_if_all_gone()
        return self._gone

    def kill(self) -> None:
        """Kill all processes, now."""
        for protocol in list(self.protocols.values()):
            transport: Any = protocol.transport
            with contextlib.suppress(ProcessExitedAlready):
                transport.signalProcess("KILL")

    def startProcess(self, name: str) -> None:
        """Start a process, unless it runs."""
        if name in self.protocols:
            return
        process = self._processes[name]
        output = self.protocols[name] = _Output(self, name)
        self.timeStarted[name] = self._clock.seconds()
        try:
            self._reactor.spawnProcess(output, process.args[0], process.args, env=process.env)
        except OSError:
            self._monitoredProcessExited(name, Failure())

    def _monitoredProcessExited(self, name: str, reason: Failure | None = None) -> None:
        output = self.protocols[name]
        assert isinstance(output, _Output), "startProcess made it"
        assert reason is not None, "whoever calls has one"
        # One that could not even be started would be logged with a traceback; `died` tells it in a line.
        super()._monitoredProcessExited(name, None if reason.check(OSError) else reason)
        if self._gone is not None:
            self._tell_if_all_gone()
            return
        cause, killed = _cause(reason)
        again = self.restart[name].getTime() - self._clock.seconds()
        self._died(
            Death(
                name=name,
                pid=output.pid,
                cause=cause,
                killed=killed,
                last_lines=output.last_lines(),
                again_in_s=max(0.0, again),
            )
        )

    def _tell_if_all_gone(self) -> None:
        if self._gone is not None and not self._gone.called and not self.protocols:
            self._gone.callback(None)


def _cause(reason: Failure) -> tuple[str, bool]:
    ended = reason.value
    if isinstance(ended, ProcessTerminated) and ended.signal is not None:
        return f"signal {ended.signal}", ended.signal in {2, 9, 15}
    if isinstance(ended, (ProcessDone, ProcessTerminated)):
        return f"exit status {ended.exitCode or 0}", False
    return str(ended), False
