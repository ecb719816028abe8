"""An honest neighbor: the records that it has, and its side of reconciliations. It is herd's own code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzzing.link_protocol import CLIENTS, parse_record

from herd.core.cache import SHARDS, Cache
from herd.core.digests import Digests
from herd.core.errors import LinkError
from herd.core.limits import Limits
from herd.core.native import Outbox
from herd.core.reconcile import Reconciler, parse_step
from herd.core.record import make_line, origin_prefix

if TYPE_CHECKING:
    import random


class HonestNeighbor:
    """A few records of its own, and what it hears and says. Times are POSIX nanoseconds."""

    def __init__(self, name: str, source: random.Random, now_ns: int, lifetime_s: float) -> None:
        self._cache = Cache(Limits(record_lifetime_s=lifetime_s))
        for _ in range(source.choice((0, 3, 100))):
            client_id = source.choice(CLIENTS)
            time = b"%d.5" % (1_699_999_000 + source.getrandbits(9))
            line = make_line(origin_prefix(name), now_ns, client_id, b"+1.0-1.0", time)
            self._cache.offer(client_id, line, now_ns, now_ns)
        self._outbox = Outbox()
        self._outbox.open()
        self._reconciler = Reconciler(Digests(self._cache), self._outbox, has_precedence=False)

    @property
    def records(self) -> dict[bytes, bytes]:
        """Return what it holds: client id -> AT line."""
        return {id_: line for shard in range(SHARDS) for id_, line in self._cache.shard(shard).items()}

    @property
    def is_walking(self) -> bool:
        """Tell whether a reconciliation is under way, as far as it knows."""
        return self._reconciler.is_walking

    def hold(self, lines: list[bytes], now_ns: int) -> None:
        """Take what are records of these lines."""
        for line in lines:
            record = parse_record(line)
            if record is not None:
                self._cache.offer(record.client_id, line, record.received_ns, now_ns)

    def hear(self, lines: list[bytes], now_ns: int) -> None:
        """Take what the server has said; what does not fit its walk any more, it drops."""
        self.hold(lines, now_ns)
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
