"""`scripts/bench/instructions`: what is counted, how counts are compared, and the script itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benching.instructions import baseline, counting, report
from benching.instructions.workloads import WORKLOADS, Server, records, reports
from benching.machine import interpreter

from herd.core.errors import HerdError

ROOT = Path(__file__).resolve().parents[2]
NEWS = "IAMAT, news"
RETRY = "IAMAT, retry"


def bench_instructions(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "bench" / "instructions", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


# The workloads.


def test_a_smaller_workload_is_the_beginning_of_a_larger_one() -> None:
    assert reports(1024, 64)[:8] == reports(512, 64)
    assert records(1024)[:512] == records(512)
    assert [chunk.count(b"\n") for chunk in reports(512, 64)] == [64] * 8


def test_news_are_news_and_retries_are_none() -> None:
    server = Server()
    outboxes = server.replica.flood.outboxes
    for chunk in reports(64, 64):
        server.take(chunk)
    assert [len(outbox) for outbox in outboxes.values()] == [64, 64]
    server.flush()
    for chunk in reports(64, 64):
        server.take(chunk)
    assert [len(outbox) for outbox in outboxes.values()] == [0, 0]


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_runs(name: str) -> None:
    WORKLOADS[name](64)()


# The counts.


def test_bytecodes_are_the_same_at_every_run() -> None:
    counted = counting.bytecodes("pure", 64)
    assert list(counted) == list(WORKLOADS)
    assert min(counted.values()) > 0
    assert counting.bytecodes("pure", 64) == counted


def test_what_a_run_costs_besides_cancels_out() -> None:
    runs = [1000 + 10 * 64, 1000 + 20 * 64] * len(WORKLOADS)
    assert set(counting.per_message(runs, 64).values()) == {10.0}


def test_runs_are_every_second_dump() -> None:
    totals = [7, 3] * 2 * len(WORKLOADS)
    assert counting.runs_of(totals) == [3] * 2 * len(WORKLOADS)
    told = f"callgrind wrote {len(totals) - 1} dumps, not {len(totals)}: is getppid traced"
    with pytest.raises(HerdError, match=told):
        counting.runs_of(totals[:-1])


def test_a_dump_says_its_total() -> None:
    assert counting.total_of("summary: 12\nfn=(1)\n3 4\ntotals: 12345\n") == 12345
    with pytest.raises(HerdError, match="a dump without totals"):
        counting.total_of("events: Ir\n")


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(HerdError, match="ValueError: no"):
        counting._run([sys.executable, "-c", "raise ValueError('no')"], "pure")


# What has changed.


def test_changes_are_in_percent_and_what_is_new_has_none() -> None:
    assert counting.changes({"a": 110.0, "b": 1.0, "c": 75.0}, {"a": 100.0, "c": 100.0}) == {
        "a": 10,
        "c": -25,
    }


def told(percent_of_news: float, build: str | None = "CPython") -> dict[str, object]:
    counts = dict.fromkeys(WORKLOADS, 1000.0) | {NEWS: 1000 + 10 * percent_of_news}
    before = {"build": build, "counts": {"pure bytecodes": dict.fromkeys(WORKLOADS, 1000.0)} if build else {}}
    return report.found({"pure bytecodes": counts}, before, "CPython")


def test_the_table_shows_what_has_changed() -> None:
    lines = [line.split() for line in report.text(told(5.0)).splitlines()]
    assert [*NEWS.split(), "1,050", "+5.0", "%"] in lines
    assert [*RETRY.split(), "1,000", "+0.0", "%"] in lines


def test_a_limit_names_what_has_grown() -> None:
    assert report.grown(told(5.0), 5.0) == []
    assert report.grown(told(5.1), 5.0) == ["IAMAT, news (pure bytecodes) by +5.1 %"]


def test_counts_of_another_build_or_none_are_told() -> None:
    assert "of another build, CPython of old" in report.text(told(0.0, "CPython of old"))
    assert "there is nothing to compare with" in report.text(told(0.0, None))


def test_what_is_kept_is_found_again(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    assert baseline.read(file) == {"build": None, "counts": {}}
    baseline.write(file, {"pure bytecodes": {NEWS: 10.0}})
    baseline.write(file, {"pure instructions": {NEWS: 900.0}})
    assert baseline.read(file) == {
        "build": interpreter(),
        "counts": {"pure bytecodes": {NEWS: 10.0}, "pure instructions": {NEWS: 900.0}},
    }


def test_a_file_that_is_no_json_is_told(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    file.write_text("<<<<<<< ours\n")
    with pytest.raises(
        HerdError, match=r"kept\.json is no JSON: .*; restore it, or make it anew with --update"
    ):
        baseline.read(file)


# The script.


def test_counts_are_kept_and_compared(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    first = bench_instructions("--count", "bytecodes", "--baseline", file, "--update")
    assert (first.returncode, "there is nothing to compare with" in first.stdout) == (0, True), first.stderr
    kept = json.loads(file.read_text())
    kept[baseline.version()]["counts"]["pure bytecodes"][NEWS] /= 2
    file.write_text(json.dumps(kept))
    second = bench_instructions("--count", "bytecodes", "--baseline", file, "--limit", "50", "--json")
    assert second.returncode == 1
    assert second.stderr.splitlines()[-1].startswith(
        "scripts/bench/instructions: grown: IAMAT, news (pure byt"
    )
    percent = json.loads(second.stdout)["changes_percent"]["pure bytecodes"]
    assert (round(percent[NEWS]), percent[RETRY]) == (100, 0)
