"""The modules of a program: each process has its own.

Two hosts that run one script must not share its module globals. So a script, a .tac file and the modules
that belong to the program are executed anew for each process; libraries are shared by all. What belongs to a
program are the modules beside its script, and the packages that it is told to own.

Which modules an `import` gives depends on whose code it stands in. The namespaces of a program's modules have
a `__builtins__` of ours, and the `__import__` in it asks the running process first. Libraries import, and
look up `sys.modules`, by the ordinary way; `shells` makes that lead to the running process's modules too.
"""

from __future__ import annotations

import builtins
import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from herd.sim.engine import shells, sources
from herd.sim.engine.identity import build_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from herd.sim.engine.sources import Source

_REAL: Final = vars(builtins)
_PLUGIN: Final = "twisted.plugins."


@frozen
class Main:
    """A program's `__main__`: `run` executes it, `file` is where it comes from."""

    module: ModuleType
    file: str
    run: Callable[[], object]


class Modules:
    """The modules of one process.

    `path` are directories whose modules belong to the program; `own` are names of top packages and modules
    that do wherever they are found.
    """

    def __init__(self, path: Sequence[str] = (), own: Iterable[str] = ()) -> None:
        self._path = sources.directories(path)
        self.own = tuple(own)
        for name in self.own:
            if "." in name:
                raise ValueError(f"own={name!r}: name the whole package, {name.partition('.')[0]!r}")
        self.builtins = make_builtins()
        """The `__builtins__` of all its namespaces."""
        self.loaded: dict[str, ModuleType] = {}
        self._decided: dict[str, bool] = {}
        self._plugin_path = sources.plugin_directories(path)
        self.plugins = sorted(file.stem for each in self._plugin_path for file in Path(each).glob("*.py"))
        """The modules in `twisted/plugins` beside the script, which Twisted looks through for plugins."""

    def owns(self, name: str) -> bool:
        """Tell whether a module, loaded or not, belongs to the program."""
        top = name.partition(".")[0]
        decided = self._decided.get(top)
        if decided is None:
            decided = top in self.loaded or top in self.own or self._is_beside(top)
            self._decided[top] = decided
        return decided or (name.startswith(_PLUGIN) and name.removeprefix(_PLUGIN) in self.plugins)

    def _is_beside(self, top: str) -> bool:
        """Tell whether a module is beside the script; a directory without code gives way to a library."""
        specs = [spec for each in self._path if (spec := each[top]) is not None]
        if any(spec.origin is not None for spec in specs):
            return True
        return bool(specs) and not sources.is_library(top)

    def has(self, name: str) -> bool:
        """Tell whether there is a module of this name; its packages are loaded for that."""
        return name in self.loaded or self._find(name) is not None

    def load(self, name: str) -> ModuleType:
        """Return a module of the program, executed the first time; an `ImportError` if there is none."""
        module = self.loaded.get(name)
        if module is not None:
            return module
        source = self._find(name)
        if name in self.loaded:  # its package has imported it
            return self.loaded[name]
        if source is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return self._execute(name, source)

    def script(self, file: str) -> Main:
        """Make the `__main__` of a script; an `OSError` if there is no such file."""
        source = sources.find_file("__main__", file)
        module = self._module("__main__", source)
        module.__spec__ = module.__package__ = vars(module)["__cached__"] = None
        return Main(module, file, partial(self._run, module, source))

    def main_module(self, name: str) -> Main:
        """Make the `__main__` of `python -m NAME`; an `ImportError` if there is none."""
        source = self._find(name)
        if source is not None and source.locations is not None:
            return self.main_module(f"{name}.__main__")
        if source is None or source.code is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = self._module("__main__", source)
        module.__package__ = name.rpartition(".")[0]
        return Main(module, str(source.spec.origin), partial(self._run, module, source))

    def tac(self, file: str) -> dict[str, Any]:
        """Execute a .tac file as twistd does, which gives it no `__name__`, and return its namespace."""
        namespace = {"__file__": file, "__builtins__": self.builtins}
        code = sources.find_file("__main__", file).code
        assert code is not None
        exec(code, namespace)  # noqa: S102 - it is what twistd does
        return namespace

    def _find(self, name: str) -> Source | None:
        """Find a module of the program, where its package is or where programs are."""
        parent = name.rpartition(".")[0]
        if not parent:
            return sources.find(name, self._path) or sources.find_importable(name)
        if not self.owns(parent):
            return sources.find(name, sources.directories(self._plugin_path))
        path = getattr(self.load(parent), "__path__", None)
        if path is None:
            raise ModuleNotFoundError(f"No module named {name!r}; {parent!r} is not a package", name=name)
        return sources.find(name, sources.directories(path))

    def _execute(self, name: str, source: Source) -> ModuleType:
        if source.is_extension:
            module = self.loaded[name] = sources.extension(source)
        else:
            module = self._module(name, source)
        parent, _, child = name.rpartition(".")
        package = self.loaded.get(parent)
        if (
            package is not None
        ):  # bound before it is executed, so that modules can import each other in a circle
            setattr(package, child, module)
        try:
            return self._run(module, source)
        except BaseException:
            if getattr(package, child, None) is module:
                delattr(package, child)
            raise

    def _module(self, name: str, source: Source) -> ModuleType:
        """Make a module of the program, yet empty."""
        module = ModuleType(name)
        namespace = vars(module)
        spec = source.spec
        namespace["__builtins__"] = self.builtins
        namespace["__spec__"] = spec
        namespace["__loader__"] = spec.loader
        namespace["__package__"] = spec.parent
        if spec.origin is not None:
            namespace["__file__"] = spec.origin
            namespace["__cached__"] = spec.cached
        locations = source.locations
        if locations is not None:
            namespace["__path__"] = locations
        return module

    def _run(self, module: ModuleType, source: Source) -> ModuleType:
        name = module.__name__
        self.loaded[name] = module
        shells.show(name)
        if source.code is None:
            return module
        try:
            exec(source.code, vars(module))  # noqa: S102 - it is what an import is
        except BaseException:
            if name != "__main__":
                self.loaded.pop(name, None)
            raise
        replacement = shells.replaced(name)
        if replacement is not None:
            self.loaded[name] = replacement
        return self.loaded.get(name, module)


def make_builtins() -> dict[str, Any]:
    """Make the builtins of a program: Python's own at this moment, and two of ours."""
    return {**_REAL, "__import__": own_import, "__build_class__": build_class}


def own_import(
    name: str,
    globals: Mapping[str, Any] | None = None,  # noqa: A002 - the name of Python's own argument
    locals: Mapping[str, Any] | None = None,  # noqa: A002 - likewise
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """Import for a program's module: what `import` and `from ... import` call."""
    modules = shells.own_modules()
    if modules is None:
        return __import__(name, globals, locals, fromlist or (), level)
    absolute = _absolute(name, level, globals or {}) if level else name
    if not modules.owns(absolute):
        return __import__(name, globals, locals, fromlist or (), level)
    module = modules.load(absolute)
    if not fromlist:
        top = absolute.partition(".")[0]
        return modules.loaded[top] if modules.owns(top) else __import__(top)
    if hasattr(module, "__path__"):
        _load_named(modules, module, fromlist)
    return module


def _absolute(name: str, level: int, namespace: Mapping[str, Any]) -> str:
    """Return the whole name of what is imported by a relative one."""
    package = _package_of(namespace)
    if not package:
        raise ImportError("attempted relative import with no known parent package")
    return importlib.util.resolve_name("." * level + name, package)


def _package_of(namespace: Mapping[str, Any]) -> str:
    """Return the package that relative imports in a namespace are relative to; "" if there is none."""
    package = namespace.get("__package__")
    if package is None:
        package = namespace.get("__name__", "")
        if "__path__" not in namespace:
            package = package.rpartition(".")[0]
    return str(package)


def _load_named(modules: Modules, package: ModuleType, names: Sequence[str]) -> None:
    """Load those of the names in `from package import names` that are submodules."""
    for name in names:
        if name == "*":
            _load_named(modules, package, [each for each in getattr(package, "__all__", ()) if each != "*"])
        elif not hasattr(package, name):
            full = f"{package.__name__}.{name}"
            try:
                modules.load(full)
            except ModuleNotFoundError as error:
                if error.name != full:
                    raise
