"""The flood: which neighbor is owed what.

A server that learns a newer record puts it into the outbox of every neighbor but the one that it came from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from herd.core.native import Outbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Flood:
    """The outboxes of one server."""

    def __init__(self, neighbors: Iterable[str]) -> None:
        self.outboxes: dict[str, Outbox] = {name: Outbox() for name in neighbors}
        self._journal: tuple[Outbox, ...] = ()
        self._owed: dict[str | None, tuple[Outbox, ...]] = {}

    def add(self, name: str) -> None:
        """Take on a neighbor."""
        self.outboxes[name] = Outbox()
        self._owed.clear()

    def remove(self, name: str) -> None:
        """Forget a neighbor and what it is owed."""
        self.outboxes.pop(name).close()
        self._owed.clear()

    def keep(self, journal: Outbox) -> None:
        """Take on a journal, which is owed everything."""
        self._journal = (journal,)
        self._owed.clear()

    def owed(self, source: str | None) -> tuple[Outbox, ...]:
        """Return the outboxes of all who are owed news: the journal, and neighbors but their `source`.

        The source of what a client reports is None.
        """
        found = self._owed.get(source)
        if found is None:
            others = [outbox for name, outbox in self.outboxes.items() if name != source]
            found = self._owed[source] = (*others, *self._journal)
        return found

    def publish(self, records: Mapping[bytes, bytes], source: str | None) -> None:
        """Owe records, newer than any held before."""
        for outbox in self.owed(source):
            outbox.put(records)
