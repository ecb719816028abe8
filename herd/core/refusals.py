"""Records that a link has brought and that were refused, as from too far in the future: when to ask again.

A record of the future is one of the past some day, or when somebody has set a clock right. Its neighbor does
not know that it was refused, and sends nothing twice; so caches are compared again now and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from herd.core.limits import Limits

_RECORD_S: Final = 0.001
"""How long each refused record puts off the next comparison: a server whose clock is wrong refuses all that
there is, and must not have its neighbors send all of it again and again."""

_LONGEST_S: Final = 300.0
"""However many they are: by then a clock may have been set right."""


class Refusals:
    """The refused records of one link. Times are seconds of any steady clock."""

    def __init__(self, limits: Limits) -> None:
        self._again_s = limits.reconnect_max_s
        self._count = 0
        """Records refused since caches were last compared because of that."""
        self._first_s = 0.0

    def add(self, refused: int, now_s: float) -> None:
        """Count records that were refused, 0 as a rule."""
        if refused and not self._count:
            self._first_s = now_s
        self._count += refused

    def is_due(self, now_s: float) -> bool:
        """Tell whether what was refused should be asked for again by now."""
        put_off_s = min(_RECORD_S * self._count, _LONGEST_S)
        return self._count > 0 and now_s >= self._first_s + max(self._again_s, put_off_s)

    def ask_again(self) -> None:
        """Note that it is being asked for."""
        self._count = 0
