"""The journal: what was answered is on the disk, whatever happens to the process, the file or the disk."""

from __future__ import annotations

import socket
import sqlite3
import time
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from pytest_twisted import ensureDeferred
from twisted.internet import reactor as global_reactor

from herd.server import node as node_module
from herd.server.journal_file import JournalError, JournalFile, load_cache, open_journal_file
from herd.server.listening import listen
from herd.testing import LocalServer, ReservedPorts, local_config
from herd.testing.processes import ProcessHerd
from tests.server.conftest import BOTH, SIMULATED
from tests.server.journals import iamat, in_file, journal_of, tell, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from herd.config.model import Config
    from tests.server.conftest import RunningHerd

reactor: Any = global_reactor


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


@BOTH
@ensureDeferred
async def test_what_was_learned_from_a_neighbor_is_kept_too(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford-Ball", durability="disk")
    record = await tell(herd["Alford"], b"kiwi")
    await herd.agree()
    await herd["Ball"].stop()
    assert in_file(herd["Ball"].config.journal_file("Ball")) == {b"kiwi": record}


@BOTH
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


@BOTH
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


def test_a_journal_that_was_emptied_is_begun_anew_and_said(tmp_path: Path) -> None:
    path = tmp_path / "Alford.db"
    path.touch()
    said: list[str] = []
    open_journal_file(path, "testers Alford", said.append, "1").close()
    open_journal_file(path, "testers Alford", said.append, "1").close()
    assert said == [f"the journal {path} was empty, not even begun; neighbors have what was in it"]


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


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE record SET line = x'6a756e6b' WHERE client = x'6b697769'",
        "UPDATE record SET line = replace(CAST(line AS TEXT), '+1', 'k1') WHERE client = x'6b697769'",
        "UPDATE record SET (line, checksum) = (SELECT line, checksum FROM record WHERE client = x'6d6f61')",
    ],
    ids=["junk", "text", "another client's"],
)
@ensureDeferred
async def test_a_record_that_is_not_as_it_was_written_is_left_out_and_said(
    running_herd: RunningHerd, damage: str
) -> None:
    alford = (await running_herd("Alford", durability="disk", wall_ns=lambda: 10**18))["Alford"]
    path = alford.config.journal_file("Alford")
    await tell(alford, b"kiwi")
    moa = await tell(alford, b"moa")
    await alford.stop()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(damage)
    alford.start()
    assert alford.records == {b"moa": moa}
    assert await alford.say(b"WHATSAT kiwi 1 0\n") == b"? WHATSAT kiwi 1 0\n"
    await until(lambda: in_file(path) == {b"moa": moa})
    await alford.stop()
    log = alford.config.log_file("Alford").read_text()
    assert f"the journal {path} is damaged (1 records are not as they were written); it is kept as " in log


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


@SIMULATED
@ensureDeferred
async def test_a_neighbors_word_is_not_enough_where_the_disk_is_promised(running_herd: RunningHerd) -> None:
    herd = await running_herd("Alford-Ball", durability="disk")
    await herd.until(lambda: herd["Alford"].link("Ball")["in_sync"])
    database = journal_of(herd["Alford"])._file._database
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count={pages}")
    long = [b"x" * 900 + b"%d" % number for number in range(20)]
    answer = await herd["Alford"].say(b"".join(map(iamat, long)))
    assert answer == b"".join(b"? " + iamat(name) for name in long)
    await herd.agree()
    assert len(herd["Ball"].records) == 20


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
