"""Registries of libraries: what a program registers is its process's own, on top of what the library has.

Interfaces are equal by their names, and a class that may be sent is known by its name. So in one registry
the second host would find what the first has registered: an adapter "was already registered", or a received
object is of another host's class.
"""

from __future__ import annotations

import copy
import sys
from collections import ChainMap
from functools import partial
from typing import Any, Final

from zope.interface import providedBy
from zope.interface.adapter import AdapterRegistry
from zope.interface.interface import adapter_hooks

from herd.sim.engine.globalreactor import replace_everywhere
from herd.sim.engine.parted import Parted, known

_ADAPTERS: Final = "adapters"
_JELLY: Final = ("unjellyableRegistry", "unjellyableFactoryRegistry")
_SPREAD: Final = ("twisted.spread.jelly", "twisted.spread.flavors", "twisted.spread.pb")
"""Who holds these registries."""


class _Adapters(AdapterRegistry):
    """The adapters of one process, on top of everybody's."""

    def __init__(self, all_: AdapterRegistry) -> None:
        self._all = all_
        super().__init__((all_,))

    def registered(self, required: Any, provided: Any, name: str = "") -> Any:
        """Return what is registered for exactly these, here or for everybody."""
        found = super().registered(required, provided, name)
        return self._all.registered(required, provided, name) if found is None else found


def part_adapters(components: Any) -> None:
    """Part the registry of `twisted.python.components`, to which `registerAdapter` adds."""
    original = components.globalRegistry
    components.globalRegistry = Parted(_ADAPTERS, original, partial(_Adapters, original))
    adapter_hooks.insert(0, _adapt)


def _adapt(wanted: Any, thing: Any) -> Any:
    """Adapt an object by what the running process has registered; None if nothing does."""
    mine = known(_ADAPTERS)
    if mine is None:
        return None
    factory = mine.lookup1(providedBy(thing), wanted)
    return None if factory is None else factory(thing)


def part_jelly(jelly: Any) -> None:
    """Part which classes may be sent by Perspective Broker, and what they become."""
    for name in _JELLY:
        original = getattr(jelly, name)
        parted = Parted(f"jelly {name}", original, partial(_more, original))
        for module in map(sys.modules.get, _SPREAD):
            for key, value in list(vars(module).items()) if module is not None else ():
                if value is original:
                    setattr(module, key, parted)
    security = jelly.globalSecurity
    replace_everywhere([(security, Parted("jelly security", security, partial(_more_allowed, security)))])


def _more(original: dict[Any, Any]) -> ChainMap[Any, Any]:
    """Make a dict in which there is all that another has, and more."""
    return ChainMap({}, original)


def _more_allowed(security: Any) -> Any:
    """Make options that allow what others do, and what will be allowed by them alone."""
    more = copy.copy(security)
    for name in ("allowedTypes", "allowedModules", "allowedClasses"):
        setattr(more, name, _more(getattr(security, name)))
    return more
