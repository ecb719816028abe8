"""How programs begin and end: in a directory; with an exit code, last words and what `atexit` was given."""

from __future__ import annotations

import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from greenlet import GreenletExit

from herd.sim.engine.pins import outside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from herd.sim.engine.process import Process

_ENGINE: Final = "herd.sim.engine."


class Program(Protocol):
    """What a host can run, again at each restart."""

    @property
    def name(self) -> str:
        """What it is called in a trace."""

    def start(self, process: Process) -> None:
        """Begin, with `process` current; whatever goes wrong ends the process, and raises nothing."""


class Command:
    """A program that is a command with arguments.

    `own` are names of packages that are the program's own, so that each process has its own module globals.
    With `in_files` it runs in the directory of the host's files, else in no directory of its own.
    """

    def __init__(
        self, what: str, arguments: tuple[str, ...], own: tuple[str, ...], *, in_files: bool
    ) -> None:
        self.what = what
        self.arguments = arguments
        self.own = own
        self.in_files = in_files

    @property
    def name(self) -> str:
        """What it is called in a trace: of a file its name alone, so that no directory changes a history."""
        return Path(self.what).name

    def __repr__(self) -> str:
        parts = [repr(each) for each in (self.what, *self.arguments)]
        if self.own:
            parts.append(f"own={self.own!r}")
        if not self.in_files:
            parts.append("in_files=False")
        return f"{type(self).__name__}({', '.join(parts)})"

    def enter(self, process: Process) -> None:
        """Go to the program's directory."""
        if self.in_files:
            process.directory = process.host.files
            process.enter_directory()


@contextmanager
def ending(process: Process) -> Iterator[None]:
    """Run a part of a program: an exit, or an error that nobody handles, ends the process."""
    try:
        yield
    except SystemExit as exit_:
        code = _code(process, exit_)
        if code:
            _note(process, code)
        finish(process, code)
    except GreenletExit:
        pass  # it is dead already
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - as an interpreter does
        text = _traceback(error)
        process.write_output(text)
        process.simulation.problem(process.host.name, text)
        finish(process, 1)


def finish(process: Process, code: int) -> None:
    """End a process as an interpreter ends: with what it has registered by `atexit`, the last first."""
    while process.at_exit and process.exit_code is None:
        function = process.at_exit.pop()
        try:
            function()
        except Exception as error:  # noqa: BLE001 - it is printed, and the others run
            process.write_output(_traceback(error))
    process.exit(code)


def finish_stopped(process: Process) -> None:
    """End a process whose reactor has stopped, as twistd does: by the signal that stopped it, if one did."""
    number = process.reactor._exitSignal  # noqa: SLF001 - twistd reads it
    if number is None:
        finish(process, 0)
    else:
        process.exit(-number)


def _code(process: Process, exit_: SystemExit) -> int:
    if exit_.code is None:
        return 0
    if isinstance(exit_.code, int):
        return exit_.code
    process.write_output(f"{exit_.code}\n")
    return 1


def _note(process: Process, code: int) -> None:
    """Make a problem of a program that gives up, with its last words, unless its host has one already."""
    simulation, host = process.simulation, process.host.name
    if all(each.host != host for each in simulation.problems):
        words = [line.strip() for line in process.output if line.strip()]
        told = f": {words[-1]}" if words else ""
        simulation.problem(host, f"{process.name} ended with exit code {code}{told}")


def _traceback(error: BaseException) -> str:
    """Return what an interpreter prints for an error: it begins with the program's own outermost line."""
    frames: TracebackType | None = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").startswith(_ENGINE):
        frames = frames.tb_next
    with outside():  # the lines come from files
        return "".join(traceback.format_exception(error.with_traceback(frames or error.__traceback__)))
