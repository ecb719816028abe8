"""The journal: one more outbox, drained in batches into SQLite off the reactor thread.

While a batch is being written the next one collects, a record per client, so a slow disk makes batches
larger, not the queue longer than the cache; and one transaction serves all answers that wait. When a batch
cannot be written (a full disk) its records go back to the outbox, the answers that wait for it are refused,
and it is tried again, every second and whenever something new comes.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from herd.core.native import Outbox
from herd.core.record import client_of
from herd.server.journal_file import Batch, JournalFile

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from herd.core.cache import Cache
    from herd.core.promises import Promises
    from herd.server.eventlog import EventLog
    from herd.server.world import World

_RETRY_S: Final = 1.0
_EVERYTHING: Final = 1 << 62


class Journal:
    """Drains its outbox into a `JournalFile`, and keeps promises up to what is committed."""

    def __init__(
        self, file: JournalFile, cache: Cache, promises: Promises, log: EventLog, world: World
    ) -> None:
        self.outbox = Outbox()
        self.outbox.open()
        self._file = file
        self._cache = cache
        self._promises = promises
        self._log = log
        self._world = world
        self._dropped: dict[bytes, None] = {}
        self._due: IDelayedCall | None = None
        self._is_writing = False
        self._is_failing = False
        self._idle: list[Deferred[None]] = []

    def drop(self, client_id: bytes) -> None:
        """Forget a client that the cache has dropped."""
        self._dropped[client_id] = None
        self.schedule()

    def schedule(self, delay_s: float = 0) -> None:
        """See that what waits is written, all that this reactor turn brings in one batch."""
        if self._is_writing:
            return
        if self._due is not None and self._due.active():
            if delay_s > 0:
                return
            self._due.cancel()
        self._due = self._world.reactor.callLater(delay_s, self._write)

    def status(self) -> dict[str, object]:
        """Return what an operator wants to know."""
        return {"file": str(self._file.path), "waiting": len(self.outbox), "failing": self._is_failing}

    async def close(self) -> None:
        """Write what waits, once, and close the file."""
        await self._when_idle()
        self._write()  # what came while the last batch was being written waits still
        await self._when_idle()
        self._file.close()

    def abandon(self) -> None:
        """Close the file of a server that could not start: nothing can be waiting."""
        self._file.close()

    async def _when_idle(self) -> None:
        """Wait for the batch that is being written, and see that no other follows."""
        while self._is_writing:
            idle: Deferred[None] = Deferred()
            self._idle.append(idle)
            await idle
        if self._due is not None and self._due.active():
            self._due.cancel()

    def _write(self) -> None:
        lines = self.outbox.take(_EVERYTHING)
        dropped = [client_id for client_id in self._dropped if self._cache.peek(client_id) is None]
        self._dropped.clear()
        moment = self._promises.moment
        if not lines and not dropped:
            self._promises.keep(moment)
            return
        self._is_writing = True
        Deferred.fromCoroutine(self._commit(Batch(lines, dropped), moment))

    async def _commit(self, batch: Batch, moment: int) -> None:
        reactor = self._world.reactor
        try:
            await deferToThreadPool(reactor, reactor.getThreadPool(), self._file.write, batch)
        except (sqlite3.Error, OSError) as error:
            self._take_back(batch, moment, str(error))
            retry_s = _RETRY_S
        else:
            if self._is_failing:
                self._is_failing = False
                self._log.note(f"the journal {self._file.path} can be written again")
            self._promises.keep(moment)
            retry_s = 0
        self._is_writing = False
        if self.outbox or self._dropped or len(self._promises):
            self.schedule(retry_s)
        idle, self._idle = self._idle, []
        for deferred in idle:
            deferred.callback(None)

    def _take_back(self, batch: Batch, moment: int, reason: str) -> None:
        if not self._is_failing:
            self._is_failing = True
            self._log.note(f"cannot write the journal {self._file.path}: {reason}")
        self.outbox.put_if_newer({client_of(line): line for line in batch.lines})
        self._dropped.update(dict.fromkeys(batch.dropped))
        self._promises.fail(moment)
