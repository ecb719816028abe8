"""What a pin of a function without arguments calls: the original, or what a hosted program is to have."""

from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any

from herd.sim.engine import current

if TYPE_CHECKING:
    from collections.abc import Callable

    from herd.sim.engine.process import Process


class Dispatcher:
    """Asks at each call whose turn it is: the real world's, or a process's, which `inside` takes."""

    def __init__(self, original: Callable[[], Any], inside: Callable[[Process], Any]) -> None:
        self._original = original
        self._inside = inside

    def __call__(self) -> Any:
        """Answer."""
        process = current.process
        if process is None or get_ident() != current.thread:
            return self._original()
        return self._inside(process)
