"""What `sys.modules` holds for the modules of programs: shells that stand for the running process's own.

`pickle`, dataclasses, attrs, `typing.get_type_hints` and `inspect` look a class's module up in
`sys.modules`; `importlib.import_module` and `twisted.python.reflect.namedAny` import for a library what
belongs to a program. Both work: while a simulation runs, the entry of each name that some program owns is a
shell, which passes every access on to the module of that name in the running process, or else to the one
that was there before; and a finder at the head of `sys.meta_path` loads what the running process owns and has
not loaded yet.

Between runs `sys.modules` is as it would be without a simulation.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from herd.sim.engine.pins import outside
from herd.sim.engine.pins.pin import hosted as hosted_process
from herd.sim.engine.singletons import PARTED, parted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from herd.sim.engine.modules import Modules

_shells: Final[dict[str, Shell]] = {}
_before: Final[dict[str, ModuleType]] = {}
"""By name: what was in `sys.modules` before a shell was there."""
_runs: Final[list[object]] = []
"""The simulations that are running: one, or one inside another's event."""


def own_modules() -> Modules | None:
    """Return the modules of the running process; None if it has none of its own, or nobody runs."""
    process = hosted_process()
    return None if process is None else process.modules


class Shell(ModuleType):
    """Stands for a module of the running process."""

    def __getattribute__(self, name: str) -> Any:
        if name == "__class__":
            return Shell
        return getattr(_behind(ModuleType.__getattribute__(self, "__name__"), name), name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "__spec__":  # the import system's, of the shell
            return
        own = ModuleType.__getattribute__(self, "__name__")
        if type(value) is Shell:  # a submodule, bound by the import system
            value = _behind(ModuleType.__getattribute__(value, "__name__"), name)
        setattr(_behind(own, name), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_behind(ModuleType.__getattribute__(self, "__name__"), name), name)

    def __dir__(self) -> list[str]:
        return dir(_behind(ModuleType.__getattribute__(self, "__name__"), "__dir__"))

    def __repr__(self) -> str:
        return f"<shell of the module {ModuleType.__getattribute__(self, '__name__')!r}>"


def _behind(module: str, attribute: str) -> ModuleType:
    """Return the module that a shell stands for now, to get an attribute of it."""
    # The import system asks for __spec__ before it gives a module away: only then it must be loaded.
    is_import = attribute == "__spec__"
    modules = own_modules()
    if modules is not None:
        own = modules.loaded.get(module)
        if own is not None:
            return own
        if is_import and modules.owns(module):
            return modules.load(module)
    before = _before.get(module)
    if before is not None:
        return before
    if is_import:
        return _load_beneath(module)
    raise AttributeError(f"module {module!r} has no attribute {attribute!r}: it is not imported here")


def _load_beneath(name: str) -> ModuleType:
    """Import a library, or a module for the real world, that has the name of some program's own."""
    parent = name.rpartition(".")[0]
    if parent in _shells and parent not in _before:
        _load_beneath(parent)
    shell = sys.modules.pop(name, None)
    try:
        module = importlib.import_module(name)
    finally:
        if shell is not None:
            sys.modules[name] = shell
    _before[name] = module
    return module


class Finder:
    """Loads what belongs to the running process, for those who import it by the ordinary way."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the running process, or a library for it; None if there is none."""
        if hosted_process() is None:
            # A library may be what takes along one that keeps something.
            return _library(name, path, target) if name in PARTED else None
        modules = own_modules()
        if modules is not None and modules.owns(name):
            return ModuleSpec(name, self) if modules.has(name) else None  # type: ignore[arg-type]
        return _library(name, path, target)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Load the module, and return the shell for it."""
        modules = own_modules()
        assert modules is not None
        modules.load(spec.name)
        return _shells[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: it has been executed."""


_FINDER: Final = Finder()


def _library(name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    """Find a library that is imported for the first time: it is executed in the real world, for all.

    Else what it asks at its import (the time, a random number) would be one process's, and only at the first
    of several runs.
    """
    for finder in sys.meta_path:
        spec = None if finder is _FINDER else finder.find_spec(name, path, target)
        if spec is not None:
            break
    else:
        return None
    loader: Any = spec.loader
    execute = getattr(loader, "exec_module", None)
    if execute is not None and not isinstance(loader, type):

        def execute_outside(module: ModuleType) -> None:
            with outside():
                execute(module)
                parted(module)

        loader.exec_module = execute_outside
    return spec


def show(name: str) -> None:
    """Put a shell for a module of a program into `sys.modules`, while simulations run."""
    shell = _shells.get(name)
    if shell is None:
        shell = _shells[name] = Shell(name)
    if _runs:
        _put(name, shell)


def replaced(name: str) -> ModuleType | None:
    """Return what a module has put into `sys.modules` in its place, if it has; the shell is back then."""
    there = sys.modules.get(name)
    if not _runs or there is None or there is _shells[name]:
        return None
    sys.modules[name] = _shells[name]
    return there


def _put(name: str, shell: Shell) -> None:
    there = sys.modules.get(name)
    if there is not shell:
        if there is not None:
            _before[name] = there
        else:
            _before.pop(name, None)
        sys.modules[name] = shell


@contextmanager
def hosted() -> Iterator[None]:
    """Have the shells in `sys.modules` while a simulation runs."""
    _runs.append(None)
    if len(_runs) == 1:
        sys.meta_path.insert(0, _FINDER)
        for name, shell in _shells.items():
            _put(name, shell)
    try:
        yield
    finally:
        _runs.pop()
        if not _runs:
            sys.meta_path.remove(_FINDER)
            _take_all()


def _take_all() -> None:
    for name, shell in _shells.items():
        if sys.modules.get(name) is shell:
            del sys.modules[name]
        before = _before.get(name)
        if before is not None:
            sys.modules[name] = before
