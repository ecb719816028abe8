"""What libraries keep one of in an interpreter, and what each process must have its own of.

Most state of Twisted hangs on a reactor, or on objects that a program makes. These few things do not: the
global cooperator, the global DNS resolver, treq's pool of connections, and who listens to the log. Shared,
they would carry work and connections from one host to another.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from twisted.logger import LogPublisher, globalLogBeginner, globalLogPublisher

from herd.sim.engine import globalreactor, plugincache
from herd.sim.engine.pins.hashes import number
from herd.sim.engine.pins.pin import hosted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from herd.sim.engine.process import Process

_own: Final[WeakKeyDictionary[Process, dict[str, Any]]] = WeakKeyDictionary()
_done: Final[set[str]] = set()


def of_process(name: str, make: Callable[[], Any]) -> Any:
    """Return what the running process has of something, made at its first use."""
    process = hosted()
    assert process is not None
    mine = _own.setdefault(process, {})
    if name not in mine:
        mine[name] = make()
    return mine[name]


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
        _done.add(name)
        PARTED[name](module)


class _Parted:
    """Stands for an object: each process has another, and the real world the original."""

    def __init__(self, name: str, original: Any, make: Callable[[], Any]) -> None:
        self.__dict__.update(_name=name, _original=original, _make=make)

    def _mine(self) -> Any:
        return self._original if hosted() is None else of_process(self._name, self._make)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._mine(), name)

    def __getitem__(self, key: Any) -> Any:
        return self._mine()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._mine()[key] = value


def _part_cooperator(module: Any) -> None:
    module._theCooperator = _Parted("cooperator", module._theCooperator, module.Cooperator)  # noqa: SLF001


def _part_pool(module: Any) -> None:
    module._global_pool = _Parted("treq", module._global_pool, lambda: [None])  # noqa: SLF001


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
        process = hosted()
        mine = None if process is None else _own.get(process)
        if mine and "log" in mine:
            mine["log"](event)

    def add_observer(observer: Any) -> None:
        if hosted() is None:
            add(observer)
        else:
            of_process("log", LogPublisher).addObserver(observer)

    def remove_observer(observer: Any) -> None:
        if hosted() is None:
            remove(observer)
        else:
            of_process("log", LogPublisher).removeObserver(observer)

    # Twisted's own names for the arguments, which programs give by name.
    def begin_logging_to(
        observers: Iterable[Any],
        discardBuffer: bool = False,  # noqa: FBT001, FBT002
        redirectStandardIO: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        if hosted() is None:
            begin(observers, discardBuffer, redirectStandardIO)
        else:
            for each in observers:
                add_observer(each)

    add(publish)
    publisher.addObserver = add_observer
    publisher.removeObserver = remove_observer
    beginner.beginLoggingTo = begin_logging_to


PARTED: Final[dict[str, Callable[[Any], None]]] = {
    "twisted.internet.task": _part_cooperator,
    "twisted.names.client": _part_resolver,
    "twisted.plugin": plugincache.remember,
    "treq.api": _part_pool,
    "twisted.logger": _part_log,
    "twisted.web.http": lambda module: number(module.Request),
    "twisted.web.resource": lambda module: number(module.Resource),
    "twisted.web.server": lambda module: number(module.Session),
}
