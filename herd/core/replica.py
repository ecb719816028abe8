"""One server's picture of the herd: its cache, its outboxes, and the rules that join them.

Reports come in from clients, records from neighbors; whatever made the cache newer goes to the outboxes, and
nothing else does. That is the whole duplicate check: a record that is not newer goes nowhere, so every flood
ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.core.digests import Digests
from herd.core.flood import Flood
from herd.core.ingest import Fresh, answer
from herd.core.native import Cache, ingest, learn
from herd.core.record import NS_PER_S, origin_prefix, received_ns
from herd.core.wire import ending_of

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
        self.prefix = origin_prefix(name)
        """What every AT line of this server begins with."""

    def report(self, reports: Reports, now_ns: int) -> list[bytes]:
        """Take clients' IAMATs, received at `now_ns`; return their answers."""
        answers: list[bytes] = []
        fresh: Fresh = {}
        for command, *report in reports:
            line = answer(self.cache, report, self.prefix, now_ns, fresh)
            answers.append(line + ending_of(command))
        self.publish(fresh, None)
        return answers

    def report_lines(self, lines: bytes, now_ns: int, longest_id: int) -> tuple[bytes, int] | None:
        """Take whole lines of clients, received at `now_ns`; return the joined answers and how many they are.

        None, and nothing done, if a line is anything but a plain IAMAT: see `ingest`.
        """
        taken = ingest(self.cache, lines, self.prefix, now_ns, longest_id, self.flood.owed(None))
        if taken is None:
            return None
        reply, is_news, count = taken
        if is_news:
            self.on_owed()
        return reply, count

    def learn(self, records: Iterable[tuple[bytes, bytes]], source: str, now_ns: int) -> int:
        """Take a neighbor's records, pairs of (AT line, client id); return how many were news."""
        outbox = self.flood.outboxes[source]
        fresh: Fresh = {}
        latest_ns = now_ns + self._clock_skew_ns
        for line, client_id in records:
            outbox.forget(client_id, line)
            if line == self.cache.peek(client_id):
                continue
            received = received_ns(line)
            if received > latest_ns:
                self.refused += 1
            elif self.cache.offer(client_id, line, received, now_ns):
                fresh[client_id] = line
        self.publish(fresh, source)
        return len(fresh)

    def learn_lines(
        self, lines: bytes, source: str, now_ns: int, longest_id: int, longest_line: int
    ) -> int | None:
        """Take whole lines of a neighbor; return how many records they are.

        None, and nothing done, if a line is anything but a plain record within the limits: see `ingest`.
        """
        outbox, owed = self.flood.outboxes[source], self.flood.owed(source)
        latest_ns = now_ns + self._clock_skew_ns
        taken = learn(self.cache, lines, outbox, owed, now_ns, latest_ns, longest_id, longest_line)
        if taken is None:
            return None
        is_news, count, refused = taken
        self.refused += refused
        if is_news:
            self.on_owed()
        return count

    def configure(self, limits: Limits) -> None:
        """Take on other limits."""
        self._clock_skew_ns = round(limits.clock_skew_s * NS_PER_S)
        self.cache.configure(limits)

    def publish(self, fresh: Fresh, source: str | None) -> None:
        """Owe news to all neighbors but its `source` (None: a client)."""
        if fresh:
            self.flood.publish(fresh, source)
            self.on_owed()
