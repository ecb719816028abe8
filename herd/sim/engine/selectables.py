"""What a program gives its reactor to poll: transports and ports, each with a simulated socket.

A reactor cannot be iterated: a program's turn is an event, and no other event begins within one.
"""

from __future__ import annotations

from typing import Any, Final

from herd.sim.engine.pins.escapes import escape

_DESCRIPTOR: Final = "a host has no descriptors but the sockets of its reactor: use listenTCP, or an endpoint"
_ITERATE: Final = "no time passes while a host's program runs: wait for a Deferred, or for callLater"


def socket_of(selectable: Any, method: str) -> Any:
    """Return the simulated socket of a selectable; an escape where it has none, a `ValueError` if it had."""
    try:
        return selectable.socket
    except AttributeError:
        if getattr(selectable, "disconnected", False):
            raise ValueError("file descriptor cannot be a negative integer (-1)") from None
    raise escape(f"reactor.{method}({type(selectable).__qualname__})", _DESCRIPTOR)


def cannot_iterate(self: object, delay: float = 0.0) -> None:  # noqa: ARG001 - Twisted's own
    """Stand for `reactor.iterate`: an escape."""
    raise escape("reactor.iterate", _ITERATE)
