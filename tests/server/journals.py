"""A journal without a server, on a disk that is as slow as a test likes; and what is in a file."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

from twisted.internet import reactor as global_reactor
from twisted.internet.task import deferLater

from herd.core.cache import Cache
from herd.core.limits import Limits
from herd.core.promises import Outcome, Promises
from herd.server.eventlog import EventLog
from herd.server.journal import Journal
from herd.server.journal_file import Batch, JournalFile
from herd.testing.client import PATIENCE_S
from tests.server.parts import at_line, world_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from herd.testing import LocalServer

reactor: Any = global_reactor


def iamat(client_id: bytes, second: int = 1) -> bytes:
    return b"IAMAT %b +34.068930-118.445127 %d\n" % (client_id, second)


async def tell(server: LocalServer, client_id: bytes, second: int = 1) -> bytes:
    """Report a position; return the record that was answered."""
    answer = await server.say(iamat(client_id, second))
    assert answer.startswith(b"AT ")
    return answer[:-1]


def in_file(path: Path) -> dict[bytes, bytes]:
    """Return what a journal holds, as another process sees it."""
    with sqlite3.connect(path) as database:
        found = dict(database.execute("SELECT client, line FROM record").fetchall())
    database.close()
    return found


def journal_of(server: LocalServer) -> Journal:
    journal = server.node._journal
    assert journal is not None
    return journal


async def until(condition: Callable[[], bool]) -> None:
    started_s = reactor.seconds()
    while not condition():
        assert reactor.seconds() - started_s < PATIENCE_S
        await deferLater(reactor, 0.001)


class HeldFile(JournalFile):
    """A journal file on a disk that is as slow as the test likes."""

    def __init__(self, path: Path, identity: str) -> None:
        super().__init__(path, identity)
        self.batches: list[Batch] = []
        self.may_write = threading.Semaphore(0)

    def write(self, batch: Batch) -> None:
        self.batches.append(batch)
        assert self.may_write.acquire(timeout=PATIENCE_S)
        super().write(batch)


class Alone:
    """A journal without a server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = HeldFile(path, "testers Alford")
        self.promises = Promises()
        self.settled: list[tuple[str, Outcome]] = []
        self.logged: list[str] = []
        world = world_of(reactor)
        log = EventLog("Alford", world, self.logged.append, lines=True, as_json=False)
        self.cache = Cache(Limits())
        self.journal = Journal(self.file, self.cache, self.promises, log, world)
        self.promises.on_wait = self.journal.schedule

    def put(self, *names: bytes) -> dict[bytes, bytes]:
        """Owe the journal records; return them."""
        records = {name: at_line(name, b"1") for name in names}
        self.journal.outbox.put(records)
        return records

    def wait(self, name: str) -> None:
        self.promises.wait(lambda outcome: self.settled.append((name, outcome)), 0.0)
