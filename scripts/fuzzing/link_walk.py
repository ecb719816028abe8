"""An honest neighbor in a reconciliation: what it says next, whatever has been said around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.core.cache import Cache
from herd.core.digests import Digests
from herd.core.errors import LinkError
from herd.core.flood import Outbox
from herd.core.limits import Limits
from herd.core.reconcile import Reconciler, parse_step
from herd.core.record import make_line, origin_prefix

if TYPE_CHECKING:
    import random


class HonestNeighbor:
    """One walk's other side, with a few records of its own; herd's own code, as there is no other."""

    def __init__(self, name: str, source: random.Random, now_ns: int) -> None:
        limits = Limits()
        cache = Cache(limits)
        for _ in range(source.choice((0, 3, 40))):
            client_id = b"client-%d" % source.randrange(60)
            time = b"%d.5" % (1_699_999_000 + source.getrandbits(9))
            line = make_line(origin_prefix(name), now_ns, client_id, b"+1.0-1.0", time)
            cache.offer(client_id, line, now_ns, now_ns)
        self._outbox = Outbox()
        self._outbox.open()
        self._reconciler = Reconciler(Digests(cache), self._outbox, has_precedence=False)

    def hear(self, lines: list[bytes]) -> None:
        """Take what the server has said; what does not fit its walk any more, it drops."""
        for line in lines:
            step = parse_step(line)
            if step is not None:
                try:
                    self._reconciler.take(step)
                except LinkError:
                    return

    def say(self) -> list[bytes]:
        """Return its next lines, records last: it begins a walk if there is none."""
        self._reconciler.begin()
        lines: list[bytes] = []
        while self._reconciler.has_work:
            lines += self._reconciler.work()
        return lines + self._outbox.take(1 << 20)
