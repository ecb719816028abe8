"""SQLite under hosts that die, programs that wait for one another, and disks that are full."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet.threads import deferToThreadPool

from herd.sim.engine.faults import Crash, FullDisk, PowerCut, Restart
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from pathlib import Path

    from herd.sim.scenario import Action

FULL = "database or disk is full"


class Story:
    """Programs that use a database on one host; they say what comes of it."""

    def __init__(self) -> None:
        self.simulation = Simulation()
        self.host = self.simulation.host("store")
        self.path: Path = self.host.files / "it.db"
        self.heard: list[str] = []
        self.kept: list[Any] = []
        with closing(sqlite3.connect(self.path)) as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript("CREATE TABLE it (n INTEGER); INSERT INTO it VALUES (1);")

    def open(self, *, timeout_s: float = 5.0) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, timeout=timeout_s)

    def say(self, what: str) -> None:
        self.heard.append(f"{self.simulation.now_ns / 1e9:.1f} {what}")

    def hold(self, _reactor: Any) -> None:
        """Begin to write, and never commit."""
        self.kept.append(database := self.open())
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self.say(str(error))
        else:
            database.execute("INSERT INTO it VALUES (2)")
            self.say(f"holds it, with {database.execute('SELECT count(*) FROM it').fetchone()[0]}")

    def write_in_thread(self, reactor: Any, *, timeout_s: float = 5.0) -> None:
        def write() -> None:
            with closing(self.open(timeout_s=timeout_s)) as database:
                try:
                    database.executemany("INSERT INTO it VALUES (?)", iter([(3,)]))
                except sqlite3.OperationalError as error:
                    self.say(str(error))
                else:
                    self.say("wrote")

        deferToThreadPool(reactor, reactor.getThreadPool(), write)

    def told(self) -> list[str]:
        began_s = time.monotonic()
        self.simulation.run(20)
        assert time.monotonic() - began_s < 5, "it has waited in real time"
        heard = list(self.heard)
        self.kept.clear()
        self.simulation.close()
        return heard


@pytest.mark.parametrize("fault", [Crash("store"), PowerCut("store"), Restart("store")])
def test_who_ends_frees_its_locks_and_what_it_began_is_rolled_back(fault: Action) -> None:
    story = Story()
    story.host.start(Call(story.hold))
    story.simulation.at(1, fault.begin, story.simulation)
    story.simulation.at(2, fault.end, story.simulation)
    assert story.told() == ["0.0 holds it, with 2", "2.0 holds it, with 2"]


def test_who_reads_has_locks_too() -> None:
    story = Story()

    def read(_reactor: Any) -> None:
        database = story.open()
        database.execute("PRAGMA journal_mode=DELETE")
        database.executemany("INSERT INTO it VALUES (?)", [(n,) for n in range(9)])
        story.kept.append(database.execute("SELECT n FROM it"))
        next(story.kept[-1])
        story.say("reads")

    reader = story.host.start(Call(read))
    story.simulation.at(1, reader.exit)
    story.simulation.at(2, story.host.start, Call(story.hold))
    assert story.told() == ["0.0 reads", "2.0 holds it, with 11"]


def test_what_is_let_go_of_after_its_end_does_nothing_more() -> None:
    story = Story()
    story.host.start(Call(story.hold))
    story.simulation.at(1, story.host.kill)
    story.simulation.run(2)
    (database,) = story.kept
    story.simulation.close()
    assert database.__exit__(None, None, None) is False
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        _ = database.in_transaction


def test_a_thread_waits_for_a_lock_in_virtual_time() -> None:
    story = Story()
    holder = story.host.start(Call(story.hold))
    story.host.start(Call(story.write_in_thread))
    story.simulation.at(3, holder.exit)
    assert story.told() == ["0.0 holds it, with 2", "3.0 wrote"]


def test_a_thread_waits_for_as_long_as_its_timeout() -> None:
    story = Story()
    story.host.start(Call(story.hold))
    story.host.start(Call(lambda reactor: story.write_in_thread(reactor, timeout_s=7)))
    assert story.told() == ["0.0 holds it, with 2", "7.0 database is locked"]


def test_a_timeout_that_a_statement_sets_is_virtual_too() -> None:
    story = Story()

    def write(reactor: Any) -> None:
        def work() -> None:
            with closing(story.open(timeout_s=0)) as database:
                assert database.execute("PRAGMA busy_timeout = 9000").fetchone() == (9000,)
                with pytest.raises(sqlite3.OperationalError, match="locked"):
                    database.execute("BEGIN IMMEDIATE")
                story.say("gave up")

        deferToThreadPool(reactor, reactor.getThreadPool(), work)

    story.host.start(Call(story.hold))
    story.host.start(Call(write))
    assert story.told() == ["0.0 holds it, with 2", "9.0 gave up"]


def test_sqlite_does_not_wait_for_the_real_disk() -> None:
    story = Story()

    def ask(_reactor: Any) -> None:
        with closing(story.open()) as database:
            database.execute("PRAGMA synchronous=FULL")
            story.say(f"{database.execute('PRAGMA synchronous').fetchone()}")

    story.host.start(Call(ask))
    assert story.told() == ["0.0 (0,)"]


def test_the_thread_of_the_reactor_cannot_wait() -> None:
    story = Story()
    story.host.start(Call(story.hold))
    story.simulation.at(1, story.host.start, Call(story.hold))
    assert story.told() == ["0.0 holds it, with 2", "1.0 database is locked"]


def test_a_full_disk_can_be_read_and_not_be_written() -> None:
    story = Story()

    def use(_reactor: Any) -> None:
        with closing(story.open()) as database, closing(sqlite3.connect(":memory:")) as memory:
            memory.execute("CREATE TABLE it (n INTEGER)")
            database.executemany("INSERT INTO it VALUES (?)", [])
            for statement in ("SELECT max(n) FROM it", "BEGIN", "/* one */ UPDATE it SET n = 2", "COMMIT"):
                try:
                    story.say(f"{database.execute(statement).fetchall()}")
                except sqlite3.OperationalError as error:
                    story.say(f"{error} ({error.sqlite_errorname})")

    full = FullDisk("store")
    full.begin(story.simulation)
    story.host.start(Call(use))
    story.simulation.at(1, full.end, story.simulation)
    story.simulation.at(2, story.host.start, Call(use))
    assert story.told() == [
        "0.0 [(1,)]",
        "0.0 []",
        f"0.0 {FULL} (SQLITE_FULL)",
        "0.0 []",
        *["2.0 [(1,)]", "2.0 []", "2.0 []", "2.0 []"],
    ]
