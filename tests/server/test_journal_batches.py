"""The journal writes in batches: one transaction for all that waits, and nothing is left out at the end."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from pytest_twisted import ensureDeferred
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from herd.core.promises import Outcome
from herd.core.record import client_of
from herd.server.journal_file import Batch, JournalFile
from tests.server.journals import Alone, in_file, until
from tests.server.parts import at_line

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


reactor: Any = global_reactor


@ensureDeferred
async def test_all_that_waits_is_committed_by_one_transaction(tmp_path: Path) -> None:
    alone = Alone(tmp_path / "Alford.db")
    statements: list[str] = []
    alone.file._database.set_trace_callback(statements.append)
    records = alone.put(b"kiwi")
    alone.wait("kiwi")
    await until(lambda: len(alone.file.batches) == 1)
    for name in (b"moa", b"rhea", b"emu", b"moa"):
        records |= alone.put(name)
        alone.wait(name.decode())
    assert alone.settled == []
    alone.file.may_write.release(2)
    await until(lambda: len(alone.settled) == 5)
    assert alone.settled == [(name, Outcome.KEPT) for name in ("kiwi", "moa", "rhea", "emu", "moa")]
    assert [[client_of(line) for line in batch.lines] for batch in alone.file.batches] == [
        [b"kiwi"],
        [b"moa", b"rhea", b"emu"],
    ]
    assert [statement for statement in statements if statement.startswith(("BEGIN", "COMMIT"))] == [
        "BEGIN IMMEDIATE",
        "COMMIT",
    ] * 2
    await alone.journal.close()
    assert in_file(alone.path) == records


@ensureDeferred
async def test_an_answer_about_what_is_being_written_waits_and_one_about_nothing_new_does_not_write(
    tmp_path: Path,
) -> None:
    alone = Alone(tmp_path / "Alford.db")
    alone.wait("a retry")
    await until(lambda: alone.settled == [("a retry", Outcome.KEPT)])
    assert alone.file.batches == []
    alone.put(b"kiwi")
    alone.wait("kiwi")
    await until(lambda: len(alone.file.batches) == 1)
    alone.wait("kiwi again")
    await deferLater(reactor, 0.01)
    assert len(alone.settled) == 1
    alone.file.may_write.release()
    await until(lambda: len(alone.settled) == 3)
    assert len(alone.file.batches) == 1
    await alone.journal.close()


@ensureDeferred
async def test_closing_writes_what_waits_though_a_batch_is_just_being_written(tmp_path: Path) -> None:
    alone = Alone(tmp_path / "Alford.db")
    records = alone.put(b"kiwi")
    alone.journal.schedule()
    await until(lambda: len(alone.file.batches) == 1)
    records |= alone.put(b"moa", b"rhea")
    closing = Deferred.fromCoroutine(alone.journal.close())
    records |= alone.put(b"emu")
    alone.file.may_write.release(2)
    await closing
    assert in_file(alone.path) == records


@ensureDeferred
async def test_closing_writes_what_was_to_be_written_in_the_next_turn(tmp_path: Path) -> None:
    alone = Alone(tmp_path / "Alford.db")
    records = alone.put(b"kiwi")
    alone.journal.schedule()
    alone.file.may_write.release()
    await alone.journal.close()
    assert in_file(alone.path) == records


@ensureDeferred
async def test_a_client_that_is_dropped_is_deleted_unless_it_has_come_back(tmp_path: Path) -> None:
    alone = Alone(tmp_path / "Alford.db")
    alone.file.may_write.release(9)
    alone.put(b"kiwi", b"moa")
    alone.wait("both")
    await until(lambda: len(alone.settled) == 1)
    alone.journal.drop(b"kiwi")
    alone.journal.drop(b"moa")
    line = at_line(b"moa", b"2")
    assert alone.cache.offer(b"moa", line, 2, 2)
    alone.journal.outbox.put({b"moa": line})
    alone.wait("gone")
    await until(lambda: len(alone.settled) == 2)
    assert in_file(alone.path) == {b"moa": line}
    await alone.journal.close()


@ensureDeferred
async def test_a_disk_that_is_full_is_tried_again_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("herd.server.journal._RETRY_S", 0.01)
    alone = Alone(tmp_path / "Alford.db")
    alone.file.may_write.release(1000)
    write = JournalFile.write
    failures = iter([sqlite3.OperationalError("database or disk is full")] * 3)

    def fail(file: JournalFile, batch: Batch) -> None:
        for error in failures:
            raise error
        write(file, batch)

    monkeypatch.setattr(JournalFile, "write", fail)
    records = alone.put(b"kiwi", b"moa")
    alone.wait("kiwi")
    await until(lambda: alone.settled == [("kiwi", Outcome.BROKEN)])
    await until(lambda: len(alone.file.batches) == 4)
    await alone.journal.close()
    assert in_file(alone.path) == records
