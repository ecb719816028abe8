"""The fast lane: a chunk of reports is read, answered and sent in one call.

A client that sends one report at a time costs a server little but calls from layer to layer. Where the
compiled core is in use, and the transport is one of our own with nothing queued, one function in C reads the
socket, has the core answer what came, if it is a row of plain reports, and sends the answers. Whatever else
comes, comes back as it was read, and goes the ordinary way.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeAlias

from herd.core.native import CORE

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.core.native import Cache, Outbox

Conversed: TypeAlias = "tuple[bytes, bool, int] | bytes | None"
"""What the kernel did not take of the answers, whether there is news, and the number of reports; or what else
was read, `b""` at the end of input; or None if there was nothing to read."""

Converse: TypeAlias = "Callable[[int, Cache, bytes, int, int, tuple[Outbox, ...]], Conversed]"
"""Descriptor, cache, prefix, moment in nanoseconds, longest client id, and who is owed the news."""


def _compiled() -> Converse | None:
    if CORE == "compiled":
        with suppress(ImportError):
            from herd.server import _native  # noqa: PLC0415 - it may not be there

            return _native.converse
    return None


converse: Final = _compiled()
"""None where there is no fast lane. An `OSError` says that the connection is lost."""
