"""The builtins of programs: each process has its own, and what it puts there all its modules see.

`gettext.install()` puts a function `_` among the builtins, through the module `builtins`. So that module
leads, in a hosted program, to the builtins of the running process, which are those that the namespaces of its
modules have. Those of the real world it leaves alone.
"""

from __future__ import annotations

import builtins
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from herd.sim.engine.pins.pin import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator


class HostedBuiltins(ModuleType):
    """The class of `builtins` while a simulation runs."""

    def __getattribute__(self, name: str) -> Any:
        own = _own()
        if own is None or name == "__class__":
            return ModuleType.__getattribute__(self, name)
        if name == "__dict__":
            return own
        return own[name] if name in own else ModuleType.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        own = _own()
        if own is None or name == "__class__":
            ModuleType.__setattr__(self, name, value)
        else:
            own[name] = value

    def __delattr__(self, name: str) -> None:
        own = _own()
        if own is None:
            ModuleType.__delattr__(self, name)
        elif own.pop(name, self) is self:
            raise AttributeError(f"module 'builtins' has no attribute {name!r}")


def _own() -> dict[str, Any] | None:
    """Return the builtins of the running process; None if its code has those of the real world."""
    process = hosted()
    modules = None if process is None else process.modules
    return None if modules is None else modules.builtins


@contextmanager
def hosted_builtins() -> Iterator[None]:
    """Let the module `builtins` ask whose turn it is."""
    builtins.__class__ = HostedBuiltins
    try:
        yield
    finally:
        builtins.__class__ = ModuleType
