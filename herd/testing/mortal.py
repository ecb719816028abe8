"""A reactor that can die for one server of a process, while it lives on for the others.

All that a server has of the world are sockets and timers. `MortalReactor` hands out the real reactor's and
remembers them, so that they can be taken away at once and without a word, as a killed process loses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.base import DelayedCall
from twisted.internet.defer import DeferredList, maybeDeferred

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IDelayedCall, IListeningPort


class MortalReactor:
    """What one server gets for a reactor."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._is_dead = False
        self._calls: list[IDelayedCall] = []
        self._ports: list[IListeningPort] = []
        self._connectors: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def callLater(self, delay_s: float, then: Callable[..., object], *args: Any, **kwargs: Any) -> Any:
        """Call later; never, in a dead reactor."""
        if self._is_dead:
            return DelayedCall(0, then, args, kwargs, lambda _: None, lambda _: None)
        if len(self._calls) > 1000:  # noqa: PLR2004 - any number bounds it
            self._calls = [call for call in self._calls if call.active()]
        call: IDelayedCall = self._reactor.callLater(delay_s, then, *args, **kwargs)
        self._calls.append(call)
        return call

    def listenTCP(self, *args: Any, **kwargs: Any) -> Any:
        """Listen."""
        self._ports.append(self._reactor.listenTCP(*args, **kwargs))
        return self._ports[-1]

    def listenUNIX(self, *args: Any, **kwargs: Any) -> Any:
        """Listen."""
        self._ports.append(self._reactor.listenUNIX(*args, **kwargs))
        return self._ports[-1]

    def connectTCP(self, *args: Any, **kwargs: Any) -> Any:
        """Dial."""
        self._connectors = [each for each in self._connectors if each.state != "disconnected"]
        self._connectors.append(self._reactor.connectTCP(*args, **kwargs))
        return self._connectors[-1]

    def die(self) -> Deferred[Any]:
        """Cancel every timer, close every port, break off every dial; the Deferred fires when ports are free.

        Connections are the server's own to know: whoever kills it aborts those.
        """
        self._is_dead = True
        for call in self._calls:
            if call.active():
                call.cancel()
        for connector in self._connectors:
            if connector.state == "connecting":
                connector.stopConnecting()
        return DeferredList([maybeDeferred(port.stopListening) for port in self._ports])
