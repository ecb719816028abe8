"""Names that modules have bound already: found, and bound to the pin.

A module that says `from time import time` before the pins are placed keeps the original. So once, after
they were placed, all modules are walked: their names, the attributes of their classes, default arguments
and what functions enclose. Modules that are imported later bind the pin by themselves.
"""

from __future__ import annotations

import os
import sys
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.sim.engine.pins.pin import Pin

_OWN: Final = "herd.sim.engine.pins."
_KEEPING: Final = frozenset(f"herd.sim.engine.{name}" for name in ("current", "dispatcher", "reactorproxy"))
"""These modules keep the originals."""
_KEPT: Final = frozenset({("_thread", "get_ident"), ("_thread", "get_native_id")})
"""The import system asks there whose turn it is to import a module: inside of a process and outside."""
_ABILITIES: Final = (
    os.supports_dir_fd,
    os.supports_effective_ids,
    os.supports_fd,
    os.supports_follow_symlinks,
)
"""Which functions can do what: sets, in which programs look for the functions themselves."""


class Replacement:
    """One walk. `table`: what to replace, with its replacement."""

    def __init__(self, table: Mapping[Any, Pin]) -> None:
        self._table = table
        self._kinds = frozenset(type(each) for each in table)
        """Only what has such a type is looked up: to hash anything else could run its code."""

    def everywhere(self) -> None:
        """Walk all modules."""
        for able in _ABILITIES:
            able.update([pin for original, pin in self._table.items() if original in able])
        for name, module in list(sys.modules.items()):
            if isinstance(module, ModuleType) and not (name.startswith(_OWN) or name in _KEEPING):
                self.in_module(module)

    def in_module(self, module: ModuleType) -> None:
        """Walk one module."""
        namespace = vars(module)
        name = namespace.get("__name__")
        for key, value in list(namespace.items()):
            kind = type(value)
            if kind in self._kinds:
                pin = self._table.get(value)
                if pin is not None and (name, key) not in _KEPT:
                    namespace[key] = pin
                    continue
            if kind is FunctionType:
                if value.__module__ == name:
                    self._in_function(value)
            elif issubclass(kind, type) and value.__module__ == name:  # not isinstance: it asks proxies
                self._in_class(value)

    def _in_class(self, owner: type) -> None:
        for key, value in list(vars(owner).items()):
            kind = type(value)
            if kind is staticmethod:
                value = value.__func__  # noqa: PLW2901 - what is looked up
                kind = type(value)
            if kind in self._kinds and value in self._table:
                type.__setattr__(owner, key, self._table[value])
            elif kind is FunctionType:
                self._in_function(value)

    def _in_function(self, function: FunctionType) -> None:
        if function.__defaults__:
            function.__defaults__ = self._replaced(function.__defaults__)
        defaults = function.__kwdefaults__
        if defaults:
            for key, value in list(defaults.items()):
                if type(value) in self._kinds and value in self._table:
                    defaults[key] = self._table[value]
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # it is empty yet
                continue
            if type(value) in self._kinds and value in self._table:
                cell.cell_contents = self._table[value]

    def _replaced(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if any(type(each) in self._kinds and each in self._table for each in values):
            return tuple(
                self._table.get(each, each) if type(each) in self._kinds else each for each in values
            )
        return values
