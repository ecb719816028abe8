"""SQLite's own functions of time and chance, in a hosted program."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from herd.sim.engine.process import Process
from herd.sim.engine.simulation import Simulation
from tests.sim.engine.pins.hosting import Idle, hosted


def asked(seed: int, *questions: str) -> list[Any]:
    """What a database answers on a host that has lived for 90 seconds."""
    simulation = Simulation(seed)
    process = Process(simulation.host("web"), Idle(), {}, None)
    simulation.now_ns = 90_000_000_000
    with hosted(process), closing(sqlite3.connect(":memory:")) as database:
        answers = [database.execute(f"SELECT {each}").fetchone()[0] for each in questions]
    simulation.close()
    return answers


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("datetime('now')", "2026-01-01 00:01:30"),
        ("datetime()", "2026-01-01 00:01:30"),
        ("datetime('now', '+1 day', 'start of day')", "2026-01-02 00:00:00"),
        ("strftime('%s', 'NOW')", "1767225690"),
        ("strftime('%Y')", "2026"),
        ("CURRENT_TIMESTAMP", "2026-01-01 00:01:30"),
        ("current_date", "2026-01-01"),
        ("date('1999-12-31', '+1 day')", "2000-01-01"),
        ("date(NULL)", None),
    ],
)
def test_now_is_the_hosts_now(question: str, answer: str | None) -> None:
    assert asked(1, question) == [answer]


def test_chance_is_drawn_from_the_seed() -> None:
    questions = ("random()", "hex(randomblob(8))")
    first = asked(1, *questions)
    assert asked(1, *questions) == first
    assert asked(2, *questions) != first
    assert len(first[1]) == 16


def test_times_that_are_given_may_be_indexed() -> None:
    simulation = Simulation()
    process = Process(simulation.host("web"), Idle(), {}, None)
    with hosted(process), closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE visit (at TEXT DEFAULT CURRENT_TIMESTAMP)")
        database.execute("CREATE INDEX visit_day ON visit (date(at))")
        database.execute("INSERT INTO visit DEFAULT VALUES")
        assert database.execute("SELECT date(at) FROM visit").fetchall() == [("2026-01-01",)]
    simulation.close()


def test_a_program_has_its_own_classes_of_connections_and_cursors() -> None:
    class Mine(sqlite3.Connection):
        def total(self) -> Any:
            return self.execute("SELECT 1 + 1").fetchone()[0]

    class Row(sqlite3.Cursor):
        pass

    def made(*args: Any, **kwargs: Any) -> Mine:
        return Mine(*args, **kwargs)

    make: Any = made

    simulation = Simulation()
    process = Process(simulation.host("web"), Idle(), {}, None)
    with hosted(process), closing(sqlite3.connect(":memory:", 5.0, factory=Mine)) as database:
        assert isinstance(database, Mine)
        assert database.total() == 2
        assert isinstance(database.cursor(Row), Row)
        assert type(sqlite3.connect(":memory:", factory=make)) is Mine
    simulation.close()
