"""Warnings: which are shown, and how, is a process's own affair.

The module `warnings` keeps all that it needs in its own namespace, and programs change it there. So while a
simulation runs it leads, in a hosted program, to a copy of itself: made at the first use, with the filters
that an interpreter begins with, and in Python alone, for what is compiled looks into no copy.
"""

from __future__ import annotations

import builtins
import warnings
from contextlib import contextmanager
from functools import cache
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.parted import of_process
from herd.sim.engine.pins.pin import hosted

if TYPE_CHECKING:
    from collections.abc import Iterator

_OWN: Final = "warnings"
_BUILTINS: Final = vars(builtins)
_SHARED: Final = frozenset({"__class__", "__dict__", "__spec__", "__loader__"})


class HostedWarnings(ModuleType):
    """The class of `warnings` while a simulation runs."""

    def __getattribute__(self, name: str) -> Any:
        if name in _SHARED or hosted() is None:
            return ModuleType.__getattribute__(self, name)
        return getattr(of_process(_OWN, _copy), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SHARED or hosted() is None:
            ModuleType.__setattr__(self, name, value)
        else:
            setattr(of_process(_OWN, _copy), name, value)


@contextmanager
def hosted_warnings() -> Iterator[None]:
    """Let the module `warnings` ask whose turn it is."""
    warnings.__class__ = HostedWarnings
    try:
        yield
    finally:
        warnings.__class__ = ModuleType


@cache
def _code() -> CodeType:
    loader: Any = vars(warnings)["__spec__"].loader
    found: CodeType = loader.get_code("warnings")
    return found


def _copy() -> ModuleType:
    """Execute the module anew."""
    made = ModuleType("warnings")
    namespace = vars(made)
    namespace["__builtins__"] = {**_BUILTINS, "__import__": _import}
    exec(_code(), namespace)  # noqa: S102 - it is Python's own
    explicit = namespace["warn_explicit"]
    shown: dict[str, dict[Any, Any]] = {}

    def warn_explicit(*args: Any, **kwargs: Any) -> None:
        """Show a warning, unless this process has shown it: a library's own book of that is everybody's."""
        named = dict(zip(_EXPLICIT, args, strict=False)) | kwargs
        named.pop("source", None)  # Python's own code in Python would take it for the file to write to
        if named.get("registry") is not None:
            named["registry"] = shown.setdefault(named.get("module") or named["filename"], {})
        explicit(**named)

    namespace["warn_explicit"] = warn_explicit
    return made


_EXPLICIT: Final = (
    "message",
    "category",
    "filename",
    "lineno",
    "module",
    "registry",
    "module_globals",
    "source",
)


def _import(name: str, *args: Any, **kwargs: Any) -> Any:
    """Import for the copy: it is to do without what is compiled."""
    if name == "_warnings":
        raise ImportError(name)
    return __import__(name, *args, **kwargs)
