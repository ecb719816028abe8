"""One server's picture of the herd: its cache, its outboxes, and the rules that join them.

Reports come in from clients, records from neighbors; whatever made the cache newer goes to the outboxes, and
nothing else does. That is the whole duplicate check: a record that is not newer goes nowhere, so every flood
ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.core.cache import Cache
from herd.core.digests import Digests
from herd.core.flood import Flood
from herd.core.record import NS_PER_S, make_line, origin_prefix, received_ns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from herd.core.limits import Limits
    from herd.core.wire import Reports


class Replica:
    """The state of one server, given its name and its neighbors'. Times are POSIX nanoseconds.

    `on_owed` is called whenever a neighbor has come to be owed something.
    """

    def __init__(
        self, name: str, neighbors: Iterable[str], limits: Limits, on_owed: Callable[[], None] = lambda: None
    ) -> None:
        self._clock_skew_ns = round(limits.clock_skew_s * NS_PER_S)
        self.refused = 0
        """Records of neighbors that were not taken because they came from too far in the future."""
        self.name = name
        self.cache = Cache(limits)
        self.digests = Digests(self.cache)
        self.flood = Flood(neighbors)
        self.on_owed = on_owed
        self._prefix = origin_prefix(name)

    def report(self, reports: Reports, now_ns: int) -> list[bytes]:
        """Take clients' IAMATs, received at `now_ns`; return their answers.

        Each answer is the herd's current AT line of that client: the one just made, or the one held if the
        report is a retry or too late.
        """
        answers: list[bytes] = []
        fresh: dict[bytes, bytes] = {}
        for command, client_id, position, time in reports:
            line = self._answer(client_id, position, time, now_ns, fresh)
            answers.append(line + (b"\r\n" if command.endswith(b"\r\n") else b"\n"))
        self._publish(fresh, None)
        return answers

    def _answer(
        self, client_id: bytes, position: bytes, time: bytes, now_ns: int, fresh: dict[bytes, bytes]
    ) -> bytes:
        held = self.cache.peek(client_id)
        if (
            held is not None
            and held.endswith(b" %b %b %b" % (client_id, position, time))
            and not self.cache.is_expired(held, now_ns)
        ):
            return held
        line = make_line(self._prefix, now_ns, client_id, position, time)
        if self.cache.offer(client_id, line, now_ns, now_ns):
            fresh[client_id] = line
            return line
        return held or line

    def learn(self, records: Iterable[tuple[bytes, bytes]], source: str, now_ns: int) -> int:
        """Take a neighbor's records, pairs of (AT line, client id); return how many were news."""
        outbox = self.flood.outboxes[source]
        fresh: dict[bytes, bytes] = {}
        latest_ns = now_ns + self._clock_skew_ns
        for line, client_id in records:
            outbox.forget(client_id, line)
            received = received_ns(line)
            if received > latest_ns:
                self.refused += 1
            elif self.cache.offer(client_id, line, received, now_ns):
                fresh[client_id] = line
        self._publish(fresh, source)
        return len(fresh)

    def configure(self, limits: Limits) -> None:
        """Take on other limits."""
        self._clock_skew_ns = round(limits.clock_skew_s * NS_PER_S)
        self.cache.configure(limits)

    def _publish(self, fresh: dict[bytes, bytes], source: str | None) -> None:
        if fresh:
            self.flood.publish(fresh, source)
            self.on_owed()
