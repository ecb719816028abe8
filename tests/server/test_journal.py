"""The journal: what was answered is on the disk, whatever happens to the process, the file or the disk."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from herd.core.cache import Cache
from herd.core.limits import Limits
from herd.core.promises import Outcome, Promises
from herd.core.record import client_of
from herd.server import node as node_module
from herd.server.eventlog import EventLog
from herd.server.journal import Journal
from herd.server.journal_file import Batch, JournalError, JournalFile, open_journal_file
from herd.testing import LocalServer, ReservedPorts, local_config
from herd.testing.client import PATIENCE_S
from herd.testing.processes import ProcessHerd
from tests.server.parts import at_line, world_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from herd.config.model import Config
    from tests.server.conftest import RunningHerd

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


@ensureDeferred
async def test_what_was_answered_is_in_the_file(running_herd: RunningHerd) -> None:
    alford = (await running_herd("Alford", durability="disk"))["Alford"]
    path = alford.config.journal_file("Alford")
    for second in range(1, 4):
        record = await tell(alford, b"kiwi", second)
        assert in_file(path) == {b"kiwi": record}
    assert path.stat().st_mode & 0o777 == 0o600
    assert alford.status()["journal"] == {"file": str(path), "waiting": 0, "failing": False}


@ensureDeferred
async def test_a_server_that_was_stopped_has_everything_again_before_it_listens(
    running_herd: RunningHerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    alford = (await running_herd("Alford", durability="disk"))["Alford"]
    records = {name: await tell(alford, name) for name in (b"kiwi", b"moa", b"\xff\xf0\x9f\xa5\x9d")}
    await alford.stop()
    order: list[str] = []
    listen, load_cache = node_module.listen, node_module.load_cache

    def watched(*arguments: Any) -> Any:
        order.append("listens")
        return listen(*arguments)

    def load(*arguments: Any) -> int:
        loaded = load_cache(*arguments)
        order.append(f"has loaded {loaded}")
        return loaded

    monkeypatch.setattr(node_module, "listen", watched)
    monkeypatch.setattr(node_module, "load_cache", load)
    alford.start()
    assert order == ["has loaded 3", "listens", "listens"]
    assert alford.records == records
    answer = await alford.say(b"WHATSAT moa 10 5\n")
    assert answer.startswith(records[b"moa"] + b"\n{")


@ensureDeferred
async def test_what_was_learned_from_a_neighbor_is_kept_too(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford-Ball", durability="disk")
    record = await tell(herd["Alford"], b"kiwi")
    await herd.agree()
    await herd["Ball"].stop()
    assert in_file(herd["Ball"].config.journal_file("Ball")) == {b"kiwi": record}


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
async def test_what_expired_while_the_server_was_down_is_not_brought_back(running_herd: RunningHerd) -> None:
    now_ns = 10**18
    herd = await running_herd("Alford", durability="disk", wall_ns=lambda: now_ns, record_lifetime_s=10.0)
    alford = herd["Alford"]
    await tell(alford, b"kiwi")
    now_ns += 5 * 10**9
    young = await tell(alford, b"moa")
    await alford.stop()
    now_ns += 5 * 10**9
    alford.start()
    assert alford.records == {b"moa": young}
    assert in_file(alford.config.journal_file("Alford")) == {b"moa": young}


@ensureDeferred
async def test_what_expires_or_is_evicted_leaves_the_file(running_herd: RunningHerd) -> None:
    now_ns = 10**18
    herd = await running_herd(
        "Alford", durability="disk", wall_ns=lambda: now_ns, record_lifetime_s=10.0, clients_held=2
    )
    alford = herd["Alford"]
    path = alford.config.journal_file("Alford")
    for name in (b"kiwi", b"moa", b"rhea"):
        now_ns += 1
        await tell(alford, name)
    await herd.until(lambda: list(in_file(path)) == [b"moa", b"rhea"])
    now_ns += 10 * 10**9
    alford.node._sweep()
    await herd.until(lambda: in_file(path) == {})


@ensureDeferred
async def test_with_a_smaller_cap_the_oldest_are_left_out_and_leave_the_file(
    running_herd: RunningHerd,
) -> None:
    clock = count(10**18)
    herd = await running_herd("Alford", durability="disk", wall_ns=lambda: next(clock))
    alford = herd["Alford"]
    records = {name: await tell(alford, name) for name in (b"kiwi", b"moa", b"rhea")}
    await alford.stop()
    alford.config = config_with(alford, clients_held=2)
    alford.start()
    del records[b"kiwi"]
    assert alford.records == records
    assert in_file(alford.config.journal_file("Alford")) == records


def config_with(server: LocalServer, **limits: Any) -> Config:
    return evolve(server.config, limits=evolve(server.config.limits, **limits))


@ensureDeferred
async def test_another_servers_journal_is_refused(tmp_path: Path) -> None:
    JournalFile(tmp_path / "Alford.db", "testers Alford").close()
    with ReservedPorts() as ports:
        config = local_config("Alford", tmp_path, iter(ports), durability="disk")
        (tmp_path / "Alford.db").rename(tmp_path / "moved.db")
        JournalFile(tmp_path / "Alford.db", "testers Ball").close()
        server = LocalServer(config, "Alford", reactor, time.time_ns, 0)
        with pytest.raises(JournalError) as raised:
            server.start()
        server.node.clients.log.close()
    path = tmp_path / "Alford.db"
    assert str(raised.value) == f"the journal {path} belongs to testers Ball, not to testers Alford"


def test_a_journal_of_a_newer_herd_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "Alford.db"
    file = JournalFile(path, "testers Alford")
    file._database.execute("PRAGMA user_version=2")
    file.close()
    with pytest.raises(JournalError) as raised:
        open_journal_file(path, "testers Alford", print, "1")
    assert str(raised.value) == f"the journal {path} is of version 2, made by a newer herd"


def test_a_journal_that_cannot_be_made_is_an_error_that_says_where(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    path = tmp_path / "state" / "Alford.db"
    with pytest.raises(JournalError) as raised:
        open_journal_file(path, "testers Alford", print, "1")
    assert str(raised.value).startswith(f"cannot open the journal {path}: ")


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def truncate(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: path.write_bytes(b"no database at all " * 100),
    "truncated": truncate,
    "header": lambda path: overwrite(path, 0, b"\0" * 100),
    "pages": lambda path: overwrite(path, 3 * 4096, b"\xa5" * (path.stat().st_size - 4 * 4096)),
}


@pytest.mark.parametrize("damage", DAMAGES)
@ensureDeferred
async def test_a_damaged_journal_is_moved_aside_and_said_and_neighbors_have_what_was_in_it(
    running_herd: RunningHerd, damage: str
) -> None:
    herd = await running_herd("Alford-Ball", durability="disk", wall_ns=lambda: 10**18)
    alford = herd["Alford"]
    path = alford.config.journal_file("Alford")
    await alford.say(b"".join(iamat(b"bird%d" % number) for number in range(500)))
    await herd.agree()
    records = alford.records
    assert len(records) == 500
    await alford.stop()
    DAMAGES[damage](path)
    alford.start()
    await herd.agree()
    assert alford.records == records
    await herd.until(lambda: in_file(path) == records)
    aside = path.with_name(f"Alford.db.damaged-{10**18}")
    assert aside.exists()
    assert path.stat().st_mode & 0o777 == 0o600
    await alford.stop()
    log = alford.config.log_file("Alford").read_text()
    assert f"the journal {path} is damaged (" in log
    assert f"); it is kept as {aside}, neighbors have what was in it\n" in log


@ensureDeferred
async def test_what_could_be_read_of_a_damaged_journal_is_in_the_new_one(
    running_herd: RunningHerd, monkeypatch: pytest.MonkeyPatch
) -> None:
    alford = (await running_herd("Alford", durability="disk"))["Alford"]
    path = alford.config.journal_file("Alford")
    records = {name: await tell(alford, name) for name in (b"kiwi", b"moa")}
    await alford.stop()

    class Half(JournalFile):
        def records(self) -> Any:
            yield from super().records()
            raise sqlite3.DatabaseError("database disk image is malformed")

    monkeypatch.setattr("herd.server.journal_file.JournalFile", Half)
    alford.start()
    assert alford.records == records
    await until(lambda: in_file(path) == records)


@ensureDeferred
async def test_a_full_disk_breaks_promises_and_is_said_until_there_is_space_again(
    running_herd: RunningHerd,
) -> None:
    herd = await running_herd("Alford", durability="disk")
    alford = herd["Alford"]
    database = journal_of(alford)._file._database
    kept = await tell(alford, b"kiwi")
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count={pages}")
    long = [b"x" * 900 + b"%d" % number for number in range(20)]
    reports = b"".join(map(iamat, long))
    assert await alford.say(reports) == b"".join(b"? " + iamat(name) for name in long)
    assert alford.status()["journal"]["failing"]
    assert alford.status()["answers_waiting"] == 0
    assert in_file(alford.config.journal_file("Alford")) == {b"kiwi": kept}
    database.execute("PRAGMA max_page_count=1000000")
    record = await tell(alford, b"moa")
    assert alford.status()["journal"] == {
        "file": str(alford.config.journal_file("Alford")), "waiting": 0, "failing": False
    }  # fmt: skip
    assert in_file(alford.config.journal_file("Alford")) == alford.records
    assert in_file(alford.config.journal_file("Alford"))[b"moa"] == record
    assert len(alford.records) == 22
    await alford.stop()
    log = alford.config.log_file("Alford").read_text()
    path = alford.config.journal_file("Alford")
    assert log.count(f"cannot write the journal {path}: database or disk is full\n") == 1
    assert log.count(f"the journal {path} can be written again\n") == 1


@ensureDeferred
async def test_a_neighbors_word_is_not_enough_where_the_disk_is_promised(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford-Ball", durability="disk", heartbeat_s=0.05)
    await herd.until(lambda: herd["Alford"].link("Ball")["in_sync"])
    database = journal_of(herd["Alford"])._file._database
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count={pages}")
    long = [b"x" * 900 + b"%d" % number for number in range(20)]
    answer = await herd["Alford"].say(b"".join(map(iamat, long)))
    assert answer == b"".join(b"? " + iamat(name) for name in long)
    await herd.agree()
    assert len(herd["Ball"].records) == 20


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


def test_what_a_server_has_answered_survives_kill_9_with_no_neighbor_to_ask(tmp_path: Path) -> None:
    with ReservedPorts() as ports:
        config = local_config("Alford", tmp_path, iter(ports), durability="disk")
    with ProcessHerd(config) as herd:
        address = herd.address("Alford")
        with socket.create_connection((address.host, address.port), 10) as client:
            client.sendall(b"".join(iamat(b"bird%d" % number) for number in range(300)))
            stream = client.makefile("rb")
            answers = [stream.readline() for _ in range(300)]
            herd.kill("Alford")
        herd.start("Alford")
        herd.wait_until_linked()
        with socket.create_connection((address.host, address.port), 10) as client:
            client.sendall(b"".join(iamat(b"bird%d" % number) for number in range(300)))
            stream = client.makefile("rb")
            assert [stream.readline() for _ in range(300)] == answers
