"""`datetime` in a hosted program; outside it is what it was."""

from __future__ import annotations

import copy
import json
import pickle
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine import pins
from tests.house.finding import ROOT
from tests.sim.engine.pins.hosting import hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process

MOMENT = datetime(2026, 1, 1, 0, 1, 30, 5)  # noqa: DTZ001 - a local time is what is tested
EAST = timezone(timedelta(hours=5, minutes=30))
now_bound_before = datetime.now


class Stamp(datetime):
    """A program's own."""


def test_now_is_the_hosts(process: Process) -> None:
    process.simulation.now_ns += 5_999
    with hosted(process):
        assert datetime.now() == MOMENT  # noqa: DTZ005
        assert datetime.now(UTC) == datetime.now(tz=EAST) == MOMENT.replace(tzinfo=UTC)
        assert datetime.now(EAST).hour == 5
        assert datetime.now(ZoneInfo("America/New_York")).day == 31
        assert date.today() == date(2026, 1, 1)  # noqa: DTZ011
        assert datetime.today().replace(microsecond=5) == MOMENT  # noqa: DTZ002


@pytest.mark.filterwarnings("ignore:.*utcnow:DeprecationWarning")
def test_utcnow_is_the_hosts(process: Process) -> None:
    with hosted(process):
        assert datetime.utcnow() == MOMENT.replace(microsecond=0)  # noqa: DTZ003
    assert type(datetime.utcnow()) is datetime  # noqa: DTZ003


def test_a_class_of_the_programs_own_makes_its_own(process: Process) -> None:
    with hosted(process):
        assert [type(Stamp.now()), type(Stamp.now(UTC)), type(Stamp.fromtimestamp(0))] == [Stamp] * 3
    assert [type(Stamp.now()), type(Stamp.now(UTC)), type(Stamp.fromtimestamp(0))] == [Stamp] * 3


def test_local_time_is_utc(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        with hosted(process):
            assert datetime.fromtimestamp(86_400.5) == datetime(1970, 1, 2, 0, 0, 0, 500_000)  # noqa: DTZ001, DTZ006
            assert datetime.fromtimestamp(86_400, EAST).hour == 5
            assert date.fromtimestamp(86_399) == date(1970, 1, 1)  # noqa: DTZ012
            assert MOMENT.astimezone().utcoffset() == timedelta(0)
            assert MOMENT.astimezone(EAST).hour == 5
            assert MOMENT.timestamp() == MOMENT.replace(tzinfo=UTC).timestamp()
        assert datetime.fromtimestamp(0).hour == 9  # noqa: DTZ006
        assert MOMENT.astimezone().utcoffset() == timedelta(hours=9)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.usefixtures("process")
def test_the_classes_are_the_ones_that_they_were() -> None:
    pins.install()
    made = datetime.now()  # noqa: DTZ005
    assert type(made) is datetime
    assert isinstance(made, date)
    assert type(made - timedelta(1)) is datetime
    assert abs(made.timestamp() - time.time()) < 10
    assert abs(now_bound_before(UTC).timestamp() - time.time()) < 10
    assert datetime.__module__ == "datetime"


@pytest.mark.usefixtures("process")
@given(st.datetimes())
def test_outside_dates_are_pickled_copied_and_written_as_ever(moment: datetime) -> None:
    assert pickle.loads(pickle.dumps(moment)) == copy.deepcopy(moment) == moment
    assert datetime.fromisoformat(json.loads(json.dumps(moment, default=datetime.isoformat))) == moment


@pytest.mark.usefixtures("process")
@given(st.integers(0, 4_000_000_000), st.sampled_from([UTC, EAST, None]))
def test_outside_timestamps_go_both_ways(seconds: int, zone: timezone | None) -> None:
    moment = datetime.fromtimestamp(seconds, zone)
    assert moment.timestamp() == seconds
    assert moment.astimezone(UTC).timestamp() == seconds


@pytest.mark.usefixtures("process")
def test_a_table_of_types_knows_what_now_returns() -> None:
    sqlite3.register_adapter(datetime, datetime.isoformat)
    try:
        database = sqlite3.connect(":memory:")
        made = datetime.now(UTC)
        assert database.execute("select ?", (made,)).fetchone() == (made.isoformat(),)
        database.close()
    finally:
        del sqlite3.adapters[datetime, sqlite3.PrepareProtocol]


@pytest.mark.usefixtures("process")
def test_wrong_arguments_are_wrong_as_ever() -> None:
    with pytest.raises(TypeError, match="tzinfo argument must be None or of a tzinfo subclass"):
        datetime.now(5)  # type: ignore[arg-type]


def test_code_that_has_run_often_before_is_pinned_too() -> None:
    """The interpreter remembers where it found a method, until the class says that it has changed."""
    program = """if True:
        import datetime
        def year(): return datetime.datetime.now().year, datetime.datetime.fromtimestamp(0).hour
        before = [year() for _ in range(1000)][-1]
        from herd.sim.engine import current, pins
        from herd.sim.engine.simulation import Simulation
        from herd.sim.engine.process import Process
        from tests.sim.engine.pins.hosting import Idle
        pins.install()
        simulation = Simulation(epoch_s=0)
        current.process = Process(simulation.host("web"), Idle(), {}, None)
        inside = year()
        current.process = None
        assert (inside, year(), before[1]) == ((1970, 0), before, 9), (inside, year(), before)
    """
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, env={"TZ": "Asia/Tokyo"})
