"""What libraries keep one of in an interpreter, and what each process must have its own of.

Most state of Twisted hangs on a reactor, or on objects that a program makes. These few things do not: the
global cooperator, the global DNS resolver, treq's pool of connections, registries (see `registries`), and who
listens to the log. Shared, they would carry work and connections from one host to another. Each is parted as
soon as its module is executed, whoever imports it.
"""

from __future__ import annotations

import io
import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

from twisted.logger import LogBeginner, Logger, LogPublisher, globalLogBeginner, globalLogPublisher

from herd.sim.engine import globalreactor, plugincache, registries, unhandled
from herd.sim.engine.parted import Parted, known, of_process
from herd.sim.engine.pins.escapes import forbid
from herd.sim.engine.pins.hashes import LATER, number_module
from herd.sim.engine.pins.pin import hosted, place_method

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

_LOG: Final = "log"
_TERMINAL: Final = "a hosted program has no terminal: its standard input is at its end"
_WATCHES: Final = "nothing tells of changes of files here: look at them, with a LoopingCall"
_done: Final[set[str]] = set()


def install() -> None:
    """Part what loaded libraries keep, and what those keep that are loaded later (see `parted`)."""
    for name in PARTED:
        module = sys.modules.get(name)
        if module is not None:
            parted(module)


def parted(module: ModuleType) -> None:
    """Part what a module keeps, once it is loaded."""
    name = module.__name__
    if name in PARTED and name not in _done:
        PARTED[name](module)
        _done.add(name)


def _part_cooperator(module: Any) -> None:
    module._theCooperator = Parted("cooperator", module._theCooperator, module.Cooperator)  # noqa: SLF001


def _part_pool(module: Any) -> None:
    module._global_pool = Parted("treq", module._global_pool, lambda: [None])  # noqa: SLF001


def _part_resolver(module: Any) -> None:
    get = module.getResolver

    def make() -> Any:
        kept, module.theResolver = module.theResolver, None
        try:
            return get()
        finally:
            module.theResolver = kept

    def get_resolver() -> Any:
        """Get the resolver of the running process."""
        return get() if hosted() is None else of_process("resolver", make)

    globalreactor.replace_everywhere([(get, get_resolver)])


def _part_log(_module: Any) -> None:
    publisher: Any = globalLogPublisher
    beginner: Any = globalLogBeginner
    add, remove, begin = publisher.addObserver, publisher.removeObserver, beginner.beginLoggingTo

    def publish(event: Any) -> None:
        mine = known(_LOG)
        if mine is not None:
            mine(event)

    def add_observer(observer: Any) -> None:
        (add if hosted() is None else of_process(_LOG, LogPublisher).addObserver)(observer)

    def remove_observer(observer: Any) -> None:
        (remove if hosted() is None else of_process(_LOG, LogPublisher).removeObserver)(observer)

    # Twisted's own names for the arguments, which programs give by name.
    def begin_logging_to(
        observers: Iterable[Any],
        discardBuffer: bool = False,  # noqa: FBT001, FBT002
        redirectStandardIO: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        if hosted() is None:
            begin(observers, discardBuffer, redirectStandardIO)
        else:
            mine = of_process("log beginner", lambda: LogBeginner(publisher, io.StringIO(), sys, warnings))
            mine.beginLoggingTo(observers, discardBuffer, redirectStandardIO)

    add(publish)
    publisher.addObserver = add_observer
    publisher.removeObserver = remove_observer
    beginner.beginLoggingTo = begin_logging_to


def _part_legacy_log(module: Any) -> None:
    publisher = module.theLogPublisher
    publisher._legacyObservers = Parted("legacy log", publisher._legacyObservers, list)  # noqa: SLF001


def tell_observers(text: str) -> None:
    """Log a text for those alone who observe the running process's log: it is in no history."""
    mine = known(_LOG)
    if mine is not None:
        Logger(namespace="-", observer=mine).info(text)


def _forbid(module: Any, name: str, instead: str) -> None:
    """Make it an escape to make an object of a class."""
    place_method(getattr(module, name), "__init__", forbid(f"{module.__name__}.{name}", instead))


PARTED: Final[dict[str, Callable[[Any], None]]] = {
    **dict.fromkeys(LATER, number_module),
    "twisted.internet.defer": unhandled.part,
    "twisted.internet.task": _part_cooperator,
    "twisted.names.client": _part_resolver,
    "twisted.internet.stdio": lambda module: _forbid(module, "StandardIO", _TERMINAL),
    "twisted.internet.inotify": lambda module: _forbid(module, "INotify", _WATCHES),
    "twisted.plugin": plugincache.remember,
    "twisted.python.components": registries.part_adapters,
    "twisted.python.log": _part_legacy_log,
    "twisted.spread.jelly": registries.part_jelly,
    "treq.api": _part_pool,
    "twisted.logger": _part_log,
}
