"""The standard `logging`: what a hosted program sets up is its process's own.

Loggers are known by name to the whole interpreter, and libraries hold theirs. So they stay what they are,
and what they keep (handlers, filters, levels) asks whose turn it is. A process begins as an interpreter does:
the root has no handlers and the level WARNING. Of the real world's settings it finds those that a library
makes for itself when it is imported: the level of its logger, and a `NullHandler`.

A logger of a name that the real world does not know belongs to the process that asked for it first; which
logger is whose parent says the name, whenever that is asked.
"""

from __future__ import annotations

import logging
import warnings
from collections import ChainMap
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from herd.sim.engine.parted import Parted, of_process
from herd.sim.engine.pins.pin import hosted, place, place_method

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process

_module: Final[Any] = logging
_KEPT: Final = "logging"
_CAPTURED: Final = "logging captures warnings"
_FACTORY: Final = "logging makes records"
_RESERVED: Final = ("message", "asctime")


class _OfObject:
    """An attribute of objects that all share: each process has its own, and sets its own.

    `first` makes of the object, and of what the real world has, what a process has until it sets something.
    """

    def __init__(self, name: str, first: Callable[[Any, Any], Any], *, is_kept: bool = False) -> None:
        self._name = name
        self._first = first
        self._is_kept = is_kept
        """Whether what `first` made is kept: something that changes."""

    def __get__(self, thing: Any, _owner: Any = None) -> Any:
        if thing is None:
            return self
        try:
            real = vars(thing)[self._name]
        except KeyError:
            raise AttributeError(self._name) from None
        process = hosted()
        if process is None:
            return real
        own = _own(process).setdefault(thing, {})
        if self._name in own:
            return own[self._name]
        value = self._first(thing, real)
        if self._is_kept:
            own[self._name] = value
        return value

    def __set__(self, thing: Any, value: Any) -> None:
        process = hosted()
        if process is None or self._name not in vars(thing):  # it is just being made
            vars(thing)[self._name] = value
        else:
            _own(process).setdefault(thing, {})[self._name] = value


def _own(process: Process) -> dict[Any, dict[str, Any]]:
    """Return what a process has of loggers and their managers."""
    found: dict[Any, dict[str, Any]] = process.own.setdefault(_KEPT, {})
    return found


def _same(_thing: Any, real: Any) -> Any:
    return real


def _more(_thing: Any, real: Any) -> ChainMap[Any, Any]:
    return ChainMap({}, real)


def _parent(logger: Any, real: Any) -> Any:
    """Return the nearest logger above, as the running process knows them."""
    if "manager" not in vars(logger):  # nobody has asked for it by name
        return real
    name = logger.name
    loggers = logger.manager.loggerDict
    while "." in name:
        name = name.rpartition(".")[0]
        found = loggers.get(name)
        if isinstance(found, logging.Logger):
            return found
    return logger.manager.root


_LOGGER: Final = (
    _OfObject(
        "handlers",
        lambda _logger, real: [each for each in real if type(each) is logging.NullHandler],
        is_kept=True,
    ),
    _OfObject("filters", lambda _logger, _real: [], is_kept=True),
    _OfObject("_cache", lambda _logger, _real: {}, is_kept=True),
    _OfObject("level", lambda logger, real: logging.WARNING if logger is logging.root else real),
    _OfObject("propagate", _same),
    _OfObject("disabled", _same),
    _OfObject("parent", _parent),
)
_MANAGER: Final = (
    _OfObject("loggerDict", _more, is_kept=True),
    _OfObject("_disable", lambda _manager, _real: 0),
    _OfObject("loggerClass", _same),
)


def pin() -> None:
    """Pin what `logging` keeps."""
    for owner, attributes in ((logging.Logger, _LOGGER), (logging.Manager, _MANAGER)):
        for each in attributes:
            setattr(owner, each._name, each)  # noqa: SLF001
    place_method(logging.Manager, "_fixupParents", lambda _process, _manager, _logger: None)
    place_method(logging.Manager, "_fixupChildren", lambda _process, _manager, _children, _logger: None)
    place_method(logging.Manager, "_clear_cache", _clear_caches)
    place_method(logging.Logger, "makeRecord", _make_record)
    for name, make in (("_handlers", WeakValueDictionary), ("_handlerList", _handlers)):
        setattr(logging, name, Parted(f"logging.{name}", getattr(logging, name), make))
    for name in ("_levelToName", "_nameToLevel"):
        original = getattr(logging, name)
        setattr(logging, name, Parted(f"logging.{name}", original, partial(_more, None, original)))
    place(logging, "shutdown", partial(_shut_down, logging.shutdown))
    place(logging, "captureWarnings", _capture_warnings)
    place(logging, "setLoggerClass", lambda _process, kind: logging.root.manager.setLoggerClass(kind))
    place(logging, "getLoggerClass", lambda _process: logging.root.manager.loggerClass or logging.Logger)
    place(logging, "setLogRecordFactory", lambda process, make: process.own.update({_FACTORY: make}))
    place(logging, "getLogRecordFactory", _factory)


def _clear_caches(process: Process, _manager: logging.Manager) -> None:
    """Forget which levels are enabled."""
    for own in _own(process).values():
        own.get("_cache", {}).clear()


def _handlers() -> list[Any]:
    """Make the list of a process's handlers; they are closed at its end, after all that it does then."""
    process = hosted()
    assert process is not None
    process.at_exit.insert(0, logging.shutdown)
    return []


def _shut_down(original: Callable[[Any], None], _process: Process, handlers: Any = None) -> None:
    original(of_process("logging._handlerList", _handlers) if handlers is None else handlers)


def _capture_warnings(process: Process, capture: bool) -> None:  # noqa: FBT001 - logging's own
    """Log warnings, or show them again."""
    if capture and _CAPTURED not in process.own:
        process.own[_CAPTURED] = warnings.showwarning
        warnings.showwarning = _module._showwarning  # noqa: SLF001
    elif not capture and _CAPTURED in process.own:
        warnings.showwarning = process.own.pop(_CAPTURED)


def _factory(process: Process) -> Any:
    return process.own.get(_FACTORY, logging.LogRecord)


def _make_record(process: Process, _logger: logging.Logger, *args: Any, **kwargs: Any) -> Any:
    """Do what `Logger.makeRecord` does, with the process's own factory."""
    return _filled(_factory(process), *args, **kwargs)


def _filled(  # noqa: PLR0913, PLR0917 - they are logging's own
    factory: Any,
    name: str,
    level: int,
    fn: str,
    lno: int,
    msg: object,
    args: Any,
    exc_info: Any,
    func: str | None = None,
    extra: Any = None,
    sinfo: str | None = None,
) -> Any:
    record = factory(name, level, fn, lno, msg, args, exc_info, func, sinfo)
    for key, value in (extra or {}).items():
        if key in _RESERVED or key in vars(record):
            raise KeyError(f"Attempt to overwrite {key!r} in LogRecord")
        vars(record)[key] = value
    return record
