"""What an observer of the herd sees, and how long each report took until each server knew it.

A report's time is when it was due, so a record shows by itself how long it has been under way. A report that
a newer one of the same client has overtaken is never seen: conflation, which the herd does on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen
from loading.latencies import Latencies
from loading.plan import NS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PENDING: Final = 300_000
"""Reports that some servers have shown and others have not yet, that are kept at least: some 60 MB."""

_TIME_BYTES: Final = 20


@frozen(kw_only=True)
class Seen:
    """What one server showed, or all of them: how many reports, and their encoded latencies."""

    records: int
    latency: str


class Sightings:
    """What servers have shown of a load. `offset_ns`: the POSIX clock less the one of `now_ns`."""

    def __init__(self, client_prefix: bytes, servers: Sequence[str], offset_ns: int) -> None:
        self._mark = b" " + client_prefix
        self._offset_ns = offset_ns
        self._bits = {name: 1 << index for index, name in enumerate(servers)}
        self._each = {name: Latencies() for name in servers}
        self._all = Latencies()
        self._pending: dict[bytes, int] = {}
        self._old: dict[bytes, int] = {}
        self.records = dict.fromkeys(servers, 0)
        """How many of the load's reports each server has shown."""

    def take(self, server: str, lines: list[bytes], now_ns: int) -> None:
        """Take AT lines that a server sent, without their endings; those of other clients are left alone."""
        mark, posix_us = self._mark, (now_ns + self._offset_ns) // NS_PER_US
        bit, whole = self._bits[server], (1 << len(self._bits)) - 1
        pending, old = self._pending, self._old
        times_us: list[int] = []
        last_us: list[int] = []
        time, us = b"", 0
        for line in lines:
            start = line.find(mark)
            if start < 0:
                continue
            report = line[start:]
            if not report.endswith(time) or not time:  # what was sent at once has one time
                time = report[-_TIME_BYTES:]
                us = posix_us - int(time.replace(b".", b"")) // NS_PER_US
            times_us.append(us)
            bits = pending.get(report, 0) | bit
            if old:
                bits |= old.pop(report, 0)
            if bits == whole:
                last_us.append(us)
                pending.pop(report, None)
            else:
                pending[report] = bits
        self.records[server] += len(times_us)
        self._each[server].add_all(times_us)
        self._all.add_all(last_us)
        if len(pending) > MOST_PENDING:
            self._pending, self._old = {}, pending

    def servers(self) -> dict[str, Seen]:
        """Return what each server has shown."""
        return {
            name: Seen(records=self.records[name], latency=latencies.encoded())
            for name, latencies in self._each.items()
        }

    def everywhere(self) -> Seen:
        """Return what every server has shown, and when the last one did."""
        return Seen(records=self._all.count, latency=self._all.encoded())
