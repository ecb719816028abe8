"""A plugin that imports its module when it is used, so that looking plugins up costs nothing.

A provider's module has two functions, `check(options)` and `open_places(options, surroundings)`, as in
`IPlacesProvider`; the drop-in in `herd/plugins` is then two lines:

    from herd.places.plugin import Provider
    example = Provider("example", "what it is, in one line", "my_package.example")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from attrs import frozen
from twisted.plugin import IPlugin
from zope.interface import implementer

from herd.places.interfaces import IPlacesProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from herd.places.interfaces import IPlaces, Surroundings


@implementer(IPlugin, IPlacesProvider)
@frozen
class Provider:
    """A kind of places by name, in the module called `module`."""

    name: str
    summary: str
    module: str

    def check(self, options: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with these options, a line each."""
        problems: list[str] = import_module(self.module).check(options)
        return problems

    def open(self, options: Mapping[str, Any], surroundings: Surroundings) -> IPlaces:
        """Open places, or raise a `ConfigError`."""
        places: IPlaces = import_module(self.module).open_places(options, surroundings)
        return places
