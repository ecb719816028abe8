"""Scripts and modules with a `reactor.run()` of their own."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine import parking
from herd.sim.engine.modules import Modules
from herd.sim.engine.programs.ends import Command, ending, finish

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.modules import Main
    from herd.sim.engine.process import Process


_USAGE: Final = 2
"""The exit status of an interpreter that was told to run what is not there."""


class Script(Command):
    """What `python PATH ARGUMENTS` runs; modules beside it are its own."""

    def __init__(
        self, path: str | Path, *argv: str, own: tuple[str, ...] = (), in_files: bool = True
    ) -> None:
        super().__init__(str(path), argv, own, in_files=in_files)
        self._file = Path(path).absolute()

    def start(self, process: Process) -> None:
        """Execute the script until it runs its reactor, or ends."""
        self.enter(process)
        process.argv = [self.what, *self.arguments]
        modules = process.modules = Modules((str(self._file.parent),), self.own)
        parking.begin(process, partial(_run, process, partial(modules.script, str(self._file))))


class Module(Command):
    """What `python -m NAME ARGUMENTS` runs; the package that it is in is its own."""

    def __init__(self, name: str, *argv: str, own: tuple[str, ...] = (), in_files: bool = True) -> None:
        super().__init__(name, argv, own, in_files=in_files)

    def start(self, process: Process) -> None:
        """Execute the module until it runs its reactor, or ends."""
        self.enter(process)
        process.argv = [self.what, *self.arguments]
        modules = process.modules = Modules((), (self.what.partition(".")[0], *self.own))
        parking.begin(process, partial(_run, process, partial(modules.main_module, self.what)))


def _found(process: Process, find: Callable[[], Main]) -> Main:
    """Find what is to run; where it is not there, end as an interpreter does."""
    what = process.argv[0]
    try:
        return find()
    except OSError as error:
        process.write_output(f"python: can't open file {what!r}: {error.strerror}\n")
        raise SystemExit(_USAGE) from error
    except ModuleNotFoundError as error:
        if error.name is None or not f"{what}.".startswith(f"{error.name}."):
            raise
        process.write_output(f"python: {error}\n")
        raise SystemExit(1) from error


def _run(process: Process, find: Callable[[], Main]) -> None:
    """Do what an interpreter does with a script."""
    with ending(process):
        main = _found(process, find)
        namespace: dict[str, Any] = vars(main.module)
        process.namespace = namespace
        process.argv[0] = main.file
        main.run()
        finish(process, 0)
