"""Which core a server uses: the compiled one where it was built, otherwise the pure one.

Both do the same, tests see to that; the compiled one is several times as fast and takes half of the memory.
The environment variable `HERD_PURE`, set to anything, has the pure one used all the same.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from herd.core.cache import Cache
from herd.core.intake import ingest, learn
from herd.core.outbox import Outbox

_core = "pure"
if not os.environ.get("HERD_PURE"):
    with suppress(ImportError):
        from herd.core._native import Cache, Outbox, ingest, learn

        _core = "compiled"

CORE: Final = _core
"""`compiled` or `pure`."""

__all__ = ["CORE", "Cache", "Outbox", "ingest", "learn"]
