"""Put a `GlobalReactor` where Twisted keeps the global reactor.

It is installed once in an interpreter, and stays. Installed early, before anything imported
`twisted.internet.reactor`, it waits with the real reactor until somebody outside of a simulated process
needs one. Installed late, as in a test run whose every module holds the real reactor, it replaces what
modules hold: their names, attributes of their classes and defaults of their functions, and methods bound to
the reactor likewise. Outside of simulated processes all goes on as before, in the real reactor.

Programs that choose a reactor (`epollreactor.install()`) go on doing so: in a simulated process it means
nothing, because the process has its reactor already.
"""

from __future__ import annotations

import functools
import importlib
import sys
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, Final, cast

import twisted.internet
from twisted.internet import error, main
from zope.interface.interface import InterfaceClass

from herd.sim.engine import current
from herd.sim.engine.reactorproxy import GlobalReactor

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME: Final = "twisted.internet.reactor"
_INSTALLERS: Final = ("default", "epollreactor", "pollreactor", "selectreactor", "asyncioreactor")
"""Modules of `twisted.internet` whose `install()` programs call."""


def install() -> GlobalReactor:
    """Make sure that the global reactor is a `GlobalReactor`, and return it."""
    there: Any = sys.modules.get(_NAME)
    if issubclass(type(there), GlobalReactor):  # its __class__ is that of the reactor behind it
        return cast("GlobalReactor", there)
    reactor = GlobalReactor(real=there, make_real=_make_real)
    replacements: list[tuple[Any, Any]] = [(there, reactor)] if there is not None else []
    replacements.append((main.installReactor, functools.partial(_install_real, reactor)))
    replacements += _quiet_installers()
    replace_everywhere(replacements)
    sys.modules[_NAME] = twisted.internet.reactor = cast("Any", reactor)
    return reactor


def _make_real() -> None:
    importlib.import_module("twisted.internet.default").install()


def _install_real(proxy: GlobalReactor, reactor: Any) -> None:
    """Install a reactor; a stand-in for `twisted.internet.main.installReactor`."""
    if current.process is not None:
        return
    if proxy.real is not None:
        raise error.ReactorAlreadyInstalledError("reactor already installed")
    proxy.real = reactor


def _quiet_installers() -> list[tuple[Any, Any]]:
    """Return for each installer of a reactor one that does nothing in a simulated process."""
    found: dict[Any, Any] = {}
    for name in _INSTALLERS:
        try:
            installer = importlib.import_module(f"twisted.internet.{name}").install
        except ImportError:  # not on this platform
            continue
        found.setdefault(installer, _unless_hosted(installer))
    return list(found.items())


def _unless_hosted(installer: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(installer)
    def install_unless_hosted(*args: Any, **kwargs: Any) -> Any:
        return installer(*args, **kwargs) if current.process is None else None

    return install_unless_hosted


def replace_everywhere(replacements: list[tuple[Any, Any]]) -> None:
    """Replace objects, and methods bound to them, wherever loaded modules, classes and defaults hold them.

    Takes pairs of the old and the new object; what is old is hashed by identity.
    """
    news = dict(replacements)
    kinds = {type(old): None for old in news}  # to hash anything else could run its code

    def new_of(value: object) -> Any:
        """Return what takes the value's place; the value itself if nothing does."""
        kind = type(value)
        if kind in kinds:
            return news.get(value, value)
        if kind is MethodType:
            held: Any = value
            if type(held.__self__) in kinds and held.__self__ in news:
                return getattr(news[held.__self__], held.__name__, value)
        return value

    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):
            try:
                namespace = vars(module)
            except TypeError:  # the shell of a module that the running process has not loaded
                continue
            for name, value in list(namespace.items()):
                new = new_of(value)
                if new is not value:
                    namespace[name] = new
                else:
                    _replace_inside(value, namespace.get("__name__"), new_of)


def _replace_inside(value: Any, module: str | None, new_of: Callable[[object], Any]) -> None:
    """Replace what a class or a function holds that was made in a module."""
    kind = type(value)
    if kind is FunctionType:
        if value.__module__ == module:
            _replace_defaults(value, new_of)
    elif isinstance(value, type) and value.__module__ == module and not issubclass(kind, InterfaceClass):
        for name, held in list(vars(value).items()):
            if type(held) is FunctionType:
                _replace_defaults(held, new_of)
                continue
            new = new_of(held)
            if new is not held:
                setattr(value, name, new)


def _replace_defaults(function: Any, new_of: Callable[[object], Any]) -> None:
    if function.__defaults__:
        news = tuple(map(new_of, function.__defaults__))
        if any(new is not old for new, old in zip(news, function.__defaults__, strict=True)):
            function.__defaults__ = news
    for name, old in (function.__kwdefaults__ or {}).items():
        new = new_of(old)
        if new is not old:
            function.__kwdefaults__[name] = new
