"""What C code reads of a machine: the same at each run, and afterwards as it was."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.hosting import hosting
from herd.sim.engine.programs import Call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from herd.sim.engine.simulation import Simulation


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """Be in Tokyo, and keep files to oneself."""
    zone, umask = os.environ.get("TZ"), os.umask(0o077)
    os.environ["TZ"] = "JST-9"
    time.tzset()
    yield
    if zone is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = zone
    time.tzset()
    os.umask(umask)


def found() -> tuple[Any, ...]:
    local = sqlite3.connect(":memory:").execute("SELECT time(0, 'unixepoch', 'localtime')").fetchone()[0]
    umask = os.umask(0)
    os.umask(umask)
    return time.timezone, time.tzname[0], time.strftime("%Z", (2026, 1, 1, 0, 0, 0, 0, 1, 0)), local, umask


@pytest.mark.usefixtures("elsewhere")
def test_a_host_is_in_utc_wherever_the_machine_is(simulation: Simulation) -> None:
    told: list[tuple[Any, ...]] = []
    simulation.host("a").start(Call(lambda _reactor: told.append(found())))
    simulation.run(1.0)
    assert told == [(0, "UTC", "UTC", "00:00:00", 0o022)]
    assert found() == (-9 * 3600, "JST", "JST", "09:00:00", 0o077)
    assert os.environ["TZ"] == "JST-9"


def test_without_a_zone_there_is_none_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    with hosting():
        assert time.tzname == ("UTC", "UTC")
    assert "TZ" not in os.environ


def test_a_log_has_run_since_the_epoch(simulation: Simulation) -> None:
    told: list[float] = []

    def log() -> None:
        told.append(logging.makeLogRecord({}).relativeCreated)

    simulation.host("a").start(Call(lambda reactor: reactor.callLater(2.0, log)))
    simulation.run(3.0)
    assert [round(each) for each in told] == [2000]
