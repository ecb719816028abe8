"""`scripts/bench/scale`: powers and verdicts, tables and pictures, the load, and a small run of each kind."""

from __future__ import annotations

import json
import resource
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from benching.filling import iamat
from benching.scale import load, processes, report, simulated
from benching.scale.charts import write_svg
from benching.scale.curves import Cost, Curve

from herd.core.errors import HerdError
from herd.core.limits import Limits
from herd.core.wire import parse_line

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
SCALE = ROOT / "scripts" / "bench" / "scale"


def curve(*rows: tuple[float, float, float], power: float | None = 0) -> Curve:
    return Curve(
        name="clients",
        title="Clients held",
        about="updates of clients",
        cause="clients",
        costs=(
            Cost("cpu_us", "CPU µs an update", power, digits=2),
            Cost("bytes", "bytes a client", digits=0),
        ),
        rows=[{"cause": cause, "cpu_us": cpu_us, "bytes": size} for cause, cpu_us, size in rows],
    )


# Powers.


@pytest.mark.parametrize(("last", "power"), [(2.0, 0.0), (20.0, 0.5), (200.0, 1.0), (20_000.0, 2.0)])
def test_a_power_is_of_the_cause_from_the_first_row_to_the_last(last: float, power: float) -> None:
    assert curve((10, 2.0, 5), (30, 9.0, 5), (1000, last, 5)).powers() == {"cpu_us": power}


def test_what_grows_faster_than_it_may_is_told() -> None:
    flat = curve((10, 2.0, 5), (1000, 3.0, 5))
    steep = curve((10, 2.0, 5), (1000, 20.0, 5))
    words = "Clients held: CPU µs an update grows with the power 0.50 of clients"
    assert report.verdict([flat]) == ["nothing grows faster than its cause"]
    assert report.verdict([flat, steep]) == [words]


def test_a_cost_in_proportion_may_grow_in_proportion() -> None:
    assert curve((10, 2.0, 5), (1000, 200.0, 5), power=1).too_steep() == []


def test_work_takes_the_place_of_a_cause_that_it_is_not_in_proportion_to() -> None:
    made = Curve(
        name="degree",
        title="Links",
        about="links",
        cause="links",
        costs=(Cost("messages", "messages", 1),),
        rows=[{"cause": 2, "work": 1, "messages": 100}, {"cause": 4, "work": 3, "messages": 300}],
    )
    assert made.powers() == {"messages": 1.0}


@pytest.mark.parametrize("made", [curve((10, 2.0, 5)), curve((10, 0.0, 5), (20, 0.0, 5))])
def test_one_row_and_nothing_at_all_have_no_power(made: Curve) -> None:
    assert made.powers() == {}
    assert made.too_steep() == []


# Tables and pictures.


def test_a_table_has_a_row_for_each_cause() -> None:
    made = curve((10, 2.0, 258), (1000, 2.0, 258.4))
    assert report.cells(made) == [
        ["clients", "CPU µs an update", "bytes a client"],
        ["10", "2.00", "258"],
        ["1,000", "2.00", "258"],
        ["grows with power", "0.00", ""],
    ]
    assert "| 1,000 | 2.00 | 258 |" in report.markdown([made], "A machine.").splitlines()
    lines = [line.split() for line in report.text([made]).splitlines()]
    assert ["1,000", "2.00", "258"] in lines


def test_tables_are_put_between_the_markers_again_and_again(tmp_path: Path) -> None:
    file = tmp_path / "scaling.md"
    file.write_text(f"# Before\n\n{report.BEGIN}\nold\n{report.END}\n\nAfter.\n")
    for made in ("first\n", "second\n"):
        report.put_into(file, made)
    assert file.read_text() == f"# Before\n\n{report.BEGIN}\n\nsecond\n\n{report.END}\n\nAfter.\n"


def test_a_document_without_markers_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "other.md"
    file.write_text("# Other\n")
    with pytest.raises(HerdError, match="has no lines '<!-- written by scripts/bench/scale -->' and "):
        report.put_into(file, "made")
    assert file.read_text() == "# Other\n"


def test_every_cost_has_a_chart_and_every_row_a_point(tmp_path: Path) -> None:
    file = tmp_path / "scale.svg"
    write_svg(file, [curve((10, 2.0, 258), (1000, 3.0, 258), (10_000, 0.0, 0)), curve((10, 1, 1))])
    root = ET.fromstring(file.read_text())
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert (tags.count("g"), tags.count("circle")) == (4, 8)
    words = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert {"CPU µs an update", "by clients", "10k"} <= set(words)


# The load.


def test_later_reports_are_newer_whichever_call_made_them() -> None:
    lines = b"".join(load.later_reports(10, 0, 40) + load.later_reports(10, 40, 40)).splitlines(keepends=True)
    times: dict[bytes, tuple[int, int]] = {}
    filled = {iamat(number).split()[1] for number in range(10)}
    for line in lines:
        command = parse_line(line, Limits().client_id_bytes)
        assert isinstance(command, tuple)
        seconds, _, nanoseconds = command[3].partition(b".")
        time = int(seconds), int(nanoseconds)
        assert time > times.get(command[1], (1_479_413_884, 999_999_999))
        times[command[1]] = time
    assert set(times) == filled


def serve(end: socket.socket, answer: Callable[[bytes], bytes]) -> None:
    with end, suppress(ConnectionResetError, BrokenPipeError):
        while chunk := end.recv(1 << 16):
            end.sendall(answer(chunk))


def exchange(answer: Callable[[bytes], bytes]) -> None:
    pairs = [socket.socketpair() for _ in range(3)]
    servers = [Thread(target=serve, args=(there, answer)) for _, there in pairs]
    for server in servers:
        server.start()
    try:
        load.exchange([here for here, _ in pairs], load.later_reports(10, 0, 200))
    finally:
        for here, _ in pairs:
            here.close()
        for server in servers:
            server.join()


def test_every_chunk_is_sent_once_and_answered() -> None:
    seen: list[bytes] = []

    def answer(chunk: bytes) -> bytes:
        seen.append(chunk)
        return chunk

    exchange(answer)
    assert sorted(seen) == sorted(load.later_reports(10, 0, 200))


def test_a_server_that_refuses_ends_it() -> None:
    with pytest.raises(HerdError, match=r"the server closed a connection, or refused: b'\? IAMAT"):
        exchange(lambda chunk: b"? " + chunk)


def test_more_connections_than_files_are_refused_before_anything_runs() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        pytest.skip("as many files as one likes")
    with pytest.raises(HerdError, match=r"open files, and .* are allowed: run `ulimit -n "):
        load.allow_files(hard)


# Simulated herds.


def figures(updates: int, messages: int, size: int) -> dict[str, object]:
    return {
        "updates": updates,
        "messages between servers": {"AT": messages, "PING": 50},
        "bytes between servers": size,
        "convergence in ms": {"p50": 5.0, "max": 9.0},
    }


def test_heartbeats_cancel_out() -> None:
    assert simulated.costs(figures(10, 60, 9_000), figures(30, 180, 19_000), 5) == {
        "messages": 6.0,
        "messages_a_server": 1.2,
        "bytes": 500.0,
        "bytes_a_server": 100.0,
        "p50_ms": 5.0,
        "max_ms": 9.0,
    }


def test_a_small_herd_is_simulated() -> None:
    found = simulated.simulate(3, 2, 2.0, 120)
    assert found["updates"] > 0
    assert found["messages between servers"]["AT"] >= 2 * found["updates"]


def test_a_simulation_that_takes_too_long_is_ended() -> None:
    with pytest.raises(HerdError, match=r"3 servers are not simulated after 0\.01 s"):
        simulated.simulate(3, 2, 2.0, 0.01)


# The script.


def test_curves_are_measured_drawn_and_written(tmp_path: Path) -> None:
    document, picture = tmp_path / "scaling.md", tmp_path / "scale.svg"
    document.write_text(f"{report.BEGIN}\n{report.END}\n")
    counts = ["--clients", "20", "40", "--updates", "64"]
    files = ["--svg", str(picture), "--write", str(document)]
    done = subprocess.run(
        [sys.executable, SCALE, "--only", "clients", *counts, "--core", "pure", "--json", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [found] = json.loads(done.stdout)["curves"]
    assert [row["cause"] for row in found["rows"]] == [20, 40]
    assert all(row["cpu_us"] > 0 for row in found["rows"])
    assert "### Clients held" in document.read_text()
    assert picture.read_text().startswith("<svg ")


def test_idle_connections_are_measured_beside_busy_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "QUIET_S", 0.05)
    monkeypatch.setattr(processes, "CLIENTS", 20)
    rows = processes.by_idle_connections("pure", [1, 3], 64).rows
    assert [row["cause"] for row in rows] == [1, 3]
    assert all(row["cpu_us"] > 0 and row["cpu_ms"] >= 0 for row in rows)


def test_a_mistake_on_the_command_line_is_told() -> None:
    done = subprocess.run(
        [sys.executable, SCALE, "--only", "cpu"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "invalid choice: 'cpu'" in done.stderr
