"""Twisted's plugins, looked up once for all programs of a simulation: which there are, the disk alone says.

`getPlugins` walks over directories at each call, may write a cache beside them, and log that it could not.
For hosted programs that is done in the real world, and in a simulation only once; what was found in an
earlier one counts as long as no directory has changed. So the answer is in no history, and a program that
looks for plugins starts two milliseconds sooner.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from twisted.python import log

from herd.sim.engine.parted import of_process
from herd.sim.engine.pins import outside
from herd.sim.engine.pins.pin import hosted

if TYPE_CHECKING:
    from types import ModuleType

    from herd.sim.engine.modules import Modules
    from herd.sim.engine.simulation import Simulation

    Dropins = dict[str, Any]

_PACKAGE: Final = "twisted.plugins"
_found: Final[dict[tuple[Any, ...], Dropins]] = {}
"""By a package's name, its directories, and when they changed last."""
_of_simulation: Final[WeakKeyDictionary[Simulation, dict[str, Dropins]]] = WeakKeyDictionary()
_loaded: Final[dict[tuple[str, str], Any]] = {}
"""Plugins by module and name, where the module is not a program's own."""


def remember(plugin: Any) -> None:
    """Have `twisted.plugin` remember for hosted programs what it has found."""
    get, load = plugin.getCache, plugin.CachedPlugin.load

    def get_cache(module: ModuleType) -> Dropins:
        """Return the plugins of a package, as `twisted.plugin.getCache` does."""
        process = hosted()
        if process is None:
            found: Dropins = get(module)
            return found
        mine = _of_simulation.setdefault(process.simulation, {})
        if module.__name__ not in mine:
            with outside():
                mine[module.__name__] = _look_up(module, get)
        shared = mine[module.__name__]
        if module.__name__ != _PACKAGE or process.modules is None or not process.modules.plugins:
            return shared
        own: Dropins = of_process("plugins", lambda: _own(process.modules, plugin))
        return shared | own

    def load_plugin(self: Any) -> Any:
        """Return the plugin itself, as `twisted.plugin.CachedPlugin.load` does."""
        process = hosted()
        module = self.dropin.moduleName
        if process is None:
            return load(self)
        if process.modules is not None and process.modules.owns(module):
            return getattr(process.modules.load(module), self.name)
        key = module, self.name
        if key not in _loaded:
            _loaded[key] = load(self)
        return _loaded[key]

    plugin.getCache = get_cache
    plugin.CachedPlugin.load = load_plugin


def _own(modules: Modules, plugin: Any) -> Dropins:
    """Return the plugins of Twisted's that are beside a program."""
    found = {}
    for name in modules.plugins:
        try:
            module = modules.load(f"{_PACKAGE}.{name}")
        except Exception:  # noqa: BLE001 - as Twisted does
            log.err()
        else:
            found[name] = plugin._generateCacheEntry(module)  # noqa: SLF001
    return found


def _look_up(module: ModuleType, get: Any) -> Dropins:
    key = (module.__name__, *map(_state, module.__path__))
    if key not in _found:
        found = get(module)
        # It may have written down, in these very directories, what it has found.
        key = (module.__name__, *map(_state, module.__path__))
        _found[key] = found
    return _found[key]


def _state(directory: str) -> tuple[str, int]:
    """Return what changes when a file comes to a directory, or goes."""
    path = Path(directory)
    return directory, path.stat().st_mtime_ns if path.is_dir() else 0
