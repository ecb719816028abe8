"""What `twistd` runs: plugins and .tac files, started and stopped as twistd does in the foreground.

It neither writes a pid file nor sheds privileges nor opens a log: a simulated process has no other of its
kind to hide from, and what it logs is kept.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twisted.application.service import Application, IService, IServiceMaker
from twisted.plugin import getPlugins
from twisted.python import usage

from herd.sim.engine.modules import Modules
from herd.sim.engine.pins import outside
from herd.sim.engine.programs.ends import Command, ending, finish_stopped

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

_TWISTD: Final = "twistd"
_makers: Final[dict[str, Any]] = {}
"""By its name: who makes a plugin's service."""


class Plugin(Command):
    """What `twistd -n NAME ARGUMENTS` runs."""

    def __init__(self, name: str, *arguments: str, own: tuple[str, ...] = (), in_files: bool = True) -> None:
        super().__init__(name, arguments, own, in_files=in_files)

    def start(self, process: Process) -> None:
        """Make the service and start it."""
        self.enter(process)
        process.argv = [_TWISTD, "-n", self.what, *self.arguments]
        if self.own:
            process.modules = Modules((), self.own)
        with ending(process):
            maker = _maker(self.what)
            service = maker.makeService(_parse(maker, self.arguments))
            application = Application(maker.tapname)
            service.setServiceParent(application)
            _run(process, application)


class Tac(Command):
    """What `twistd -ny PATH` runs; modules beside it are its own."""

    def __init__(self, path: str | Path, *, own: tuple[str, ...] = (), in_files: bool = True) -> None:
        super().__init__(str(path), (), own, in_files=in_files)
        self._file = Path(path).absolute()

    def start(self, process: Process) -> None:
        """Execute the file and start its application."""
        self.enter(process)
        process.argv = [_TWISTD, "-ny", self.what]
        modules = process.modules = Modules((str(self._file.parent),), self.own)
        with ending(process):
            process.namespace = modules.tac(str(self._file))
            if "application" not in process.namespace:
                raise SystemExit(f"\nCould not find 'application' in {self.what}: a .tac file must set it.\n")
            _run(process, process.namespace["application"])


def _run(process: Process, application: Any) -> None:
    """Start an application and its reactor; both stop together."""
    service = IService(application)
    process.services.append(service)
    service.privilegedStartService()
    service.startService()
    reactor = process.reactor
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.when_stopped = lambda: finish_stopped(process)
    reactor.startRunning()


def _maker(name: str) -> Any:
    """Return the maker of a plugin's service; exit as twistd does if there is none."""
    if name not in _makers:
        with outside():
            _makers.update({maker.tapname: maker for maker in getPlugins(IServiceMaker)})
    if name not in _makers:
        raise SystemExit(f"twistd: Unknown command: {name}")
    return _makers[name]


class Twistd(dict[str, Any]):
    """The options of `twistd -n`, as those of a plugin see them in `parent`."""

    parent = None
    subOptions: Any = None  # noqa: N815 - Twisted's name

    def __init__(self, command: str) -> None:
        super().__init__(_twistd_defaults())
        self.subCommand = command

    def getSynopsis(self) -> str:
        """Return the first line of a usage text."""
        return "Usage: twistd [options]"


@cache
def _twistd_defaults() -> dict[str, Any]:
    options: Any = importlib.import_module("twisted.scripts._twistd_unix")
    return {**options.ServerOptions(), "nodaemon": 1}


def _parse(maker: Any, arguments: tuple[str, ...]) -> Any:
    """Parse a plugin's arguments; exit as twistd does if they are wrong."""
    options = maker.options()
    parent = Twistd(maker.tapname)
    parent.subOptions = options
    options.parent = parent
    try:
        options.parseOptions(list(arguments))
    except usage.error as error:
        raise SystemExit(f"{options}\n{_TWISTD} {maker.tapname}: {error}") from None
    parent["no_save"] = True
    return options
