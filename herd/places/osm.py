"""The provider `osm`: an OpenStreetMap extract that `herd places import` made into a file of places.

Only the import needs the package osmium (the extra `osm`): answering needs nothing but SQLite.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from herd.core.errors import ConfigError, HerdError
from herd.places.directory import cache_directory
from herd.places.options import Option, check_options, is_text
from herd.places.tree import Tree
from herd.places.tree_places import TreePlaces

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.places.interfaces import IPlaces, Surroundings

OPTIONS: Final = {"file": Option("the path of a file that `herd places import` made", is_text)}


def default_file(environ: Mapping[str, str]) -> Path:
    """Return where an import goes, and where it is looked for, unless told otherwise."""
    return cache_directory(environ) / "osm.sqlite"


def check(options: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the options."""
    return check_options(options, OPTIONS)


def open_places(options: Mapping[str, Any], surroundings: Surroundings) -> IPlaces:
    """Open the file; a `ConfigError` says that it is missing, and how to make it."""
    if problems := check(options):
        raise ConfigError([f"places.osm.{problem}" for problem in problems])
    try:
        named = options.get("file")
        path = Path(named).expanduser() if named else default_file(surroundings.environ)
        if path.exists():
            return TreePlaces(Tree(path))
    except (HerdError, RuntimeError) as error:
        raise ConfigError([f"places.osm: {error}"]) from error
    raise ConfigError(
        [f"places.osm: there is no file {path}; make it: herd places import EXTRACT.osm.pbf --to {path}"]
    )
