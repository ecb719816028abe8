"""Drop-ins: Twisted finds a module in this directory, or in a `herd/plugins` anywhere on the path."""

from twisted.plugin import pluginPackagePaths

__path__.extend(pluginPackagePaths(__name__))
__all__: list[str] = []
