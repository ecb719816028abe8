"""Where a program's modules are, and their compiled code: found once, for all processes.

A thousand hosts run the same script, and each executes it in a namespace of its own. What is the same for
all of them is kept here: which file a name stands for, and its code object. A file that changed is compiled
anew, and a directory that changed is searched anew.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

Stamp = tuple[int, int]
"""When a file was changed, in nanoseconds, and its size."""


@frozen
class Source:
    """What a name stands for: a file with code, a namespace package, or an extension module."""

    spec: ModuleSpec
    stamp: Stamp | None
    code: CodeType | None
    """None for a namespace package, and for an extension module."""

    @property
    def is_extension(self) -> bool:
        """Whether it is compiled to machine code: such a module can be loaded only once."""
        return self.code is None and self.spec.origin is not None

    @property
    def locations(self) -> list[str] | None:
        """Where its submodules are, if it is a package."""
        found = self.spec.submodule_search_locations
        return None if found is None else list(found)


class Directory(dict[str, ModuleSpec | None]):
    """What names stand for in a directory, as it was when it was changed last."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def __missing__(self, name: str) -> ModuleSpec | None:
        found = self[name] = PathFinder.find_spec(name, [self._path])
        return found


_directories: Final[dict[tuple[str, int], Directory]] = {}
"""By path and the time it was changed."""
_codes: Final[dict[str, Source]] = {}
"""By file: its code."""
_extensions: Final[dict[str, ModuleType]] = {}


def directories(paths: Iterable[str]) -> list[Directory]:
    """Return those of the paths that are directories."""
    found = []
    for path in paths:
        try:
            # A Path would take three times as long, and a thousand hosts import a dozen modules each.
            key = path, os.stat(path or ".").st_mtime_ns  # noqa: PTH116
        except OSError:
            continue
        if key not in _directories:
            _directories[key] = Directory(path)
        found.append(_directories[key])
    return found


def find(name: str, path: Iterable[Directory]) -> Source | None:
    """Find a module in directories; None if it is in none of them."""
    portions: list[str] = []
    for directory in path:
        spec = directory[name]
        if spec is None:
            continue
        if spec.origin is not None:
            return _read(name, spec)
        portions += spec.submodule_search_locations or ()
    if not portions:
        return None
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = portions
    return Source(spec, None, None)


def find_file(name: str, file: str) -> Source:
    """Return what a script stands for; an `OSError` if it cannot be read."""
    known = _codes.get(file)
    if known is not None and known.spec.name == name and known.stamp == _stamp(file):
        return known
    # By hand, because a script may be called anything.
    spec = importlib.util.spec_from_file_location(name, file, loader=SourceFileLoader(name, file))
    assert spec is not None
    loader: Any = spec.loader
    source = Source(spec, _stamp(file), loader.source_to_code(loader.get_data(file), file))
    _codes[file] = source
    return source


def _read(name: str, spec: ModuleSpec) -> Source:
    assert spec.origin is not None
    known = _codes.get(spec.origin)
    if known is not None and known.spec.name == name and known.stamp == _stamp(spec.origin):
        return known
    loader: Any = spec.loader
    source = Source(spec, _stamp(spec.origin), loader.get_code(name))
    _codes[spec.origin] = source
    return source


def _stamp(file: str) -> Stamp | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - likewise
    except OSError:  # in an archive
        return None
    return found.st_mtime_ns, found.st_size


def find_importable(name: str) -> Source | None:
    """Find a module where Python looks for modules."""
    return find(name, directories(sys.path))


def extension(source: Source) -> ModuleType:
    """Return an extension module: the same for all processes."""
    name = source.spec.name
    if name not in _extensions:
        module = importlib.util.module_from_spec(source.spec)
        loader: Any = source.spec.loader
        loader.exec_module(module)
        _extensions[name] = module
    return _extensions[name]


def is_library(name: str) -> bool:
    """Tell whether Python finds a top module with code of its own, wherever it looks for libraries."""
    specs = (finder.find_spec(name, None) for finder in sys.meta_path if isinstance(finder, type))
    return any(spec is not None and spec.origin is not None for spec in specs)


def plugin_directories(paths: Iterable[str]) -> list[str]:
    """Return where Twisted would look for plugins if these were in `sys.path`."""
    found = [Path(each, "twisted", "plugins") for each in paths]
    return [str(each) for each in found if each.is_dir() and not (each / "__init__.py").exists()]
