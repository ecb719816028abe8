"""`herd sim`: its commands, most of them in this process; those that depend on it in one of their own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import herd
from tests.cli.conftest import environment
from tests.cli.simulating import (
    COUNTER,
    DOUBLE,
    FORGETFUL,
    LIMIT_S,
    SCENARIOS,
    read,
    sim,
    told,
    told_afresh,
    typed,
    usage_error,
)

pytestmark = pytest.mark.usefixtures("this_process_will_do")


def test_a_run_that_passes_is_reported() -> None:
    done = sim("run", COUNTER, "--seed", "47")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{COUNTER}, seed 47: passed"
    assert re.fullmatch(r"6\d\.\d virtual seconds in \d+\.\d\d s, [\d,]+ times as fast", lines[1])
    assert re.fullmatch(r"\d+ events, [\d,]+ a second; 15 steps, 3 faults among them", lines[2])
    assert lines[3:-1] == [
        "",
        "additions  12",
        "",
        "passed  no problems",
        f"passed  {DOUBLE}",
        "passed  every request is answered",
        "",
    ]
    assert re.fullmatch("digest [0-9a-f]{32}", lines[-1])


def test_a_run_that_fails_says_why_and_how_to_go_on() -> None:
    done = sim("run", FORGETFUL, "--seed", "47")
    assert (done.exit_code, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{FORGETFUL}, seed 47: failed"
    assert lines[6:10] == [
        "passed  no problems",
        "passed  every request is answered",
        f"FAILED  {DOUBLE}",
        "          the counter shows 70, all additions make 68",
    ]
    assert lines[-2:] == [
        f"To look into it:   herd sim run {FORGETFUL} --seed 47 --trace failure.trace",
        f"To make it small:  herd sim shrink {FORGETFUL} --seed 47",
    ]


def test_a_run_for_programs() -> None:
    answer = told("run", FORGETFUL, "--seed", "47")
    assert answer.pop("real_s") > 0
    assert answer.pop("events_per_s") > 0
    assert answer.pop("events") > 100
    assert 60 < answer.pop("virtual_s") < 70
    assert re.fullmatch("[0-9a-f]{32}", answer.pop("digest"))
    assert answer == {
        "scenario": FORGETFUL,
        "seed": 47,
        "passed": False,
        "violations": [{"check": DOUBLE, "text": "the counter shows 70, all additions make 68"}],
        "checks": {"no problems": True, DOUBLE: False, "every request is answered": True},
        "steps": 15,
        "faults": 3,
        "undrawn": [],
        "figures": {"additions": 12},
    }


def test_until_a_time_checks_are_left_open() -> None:
    done = sim("run", FORGETFUL, "--seed", "47", "--until", "3.5")
    assert done.exit_code == 0
    assert "3.5 virtual seconds in " in done.stdout
    assert "open    the scenario's checks: it was not run to its end\n" in done.stdout


def test_a_seed_is_one_history_in_run_and_seeds(tmp_path: Path) -> None:
    file = tmp_path / "digests"
    answer = told_afresh("seeds", COUNTER, "--first", "46", "--count", "2", "--jobs", "1", "--digests", file)
    lines = map(json.loads, file.read_text().splitlines())
    digests = {each["seed"]: each["digest"] for each in lines}
    assert digests == {seed: told_afresh("run", COUNTER, "--seed", str(seed))["digest"] for seed in (46, 47)}
    assert digests == {seed: told("run", COUNTER, "--seed", str(seed))["digest"] for seed in (46, 47)}
    assert (answer["tried"], answer["passed"], answer["failed"], answer["interrupted"]) == (2, 2, [], False)


def test_the_lowest_seed_that_fails_ends_the_search() -> None:
    done = sim("seeds", FORGETFUL, "--first", "45", "--count", "500")
    assert (done.exit_code, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{FORGETFUL}, seed 47: failed"
    assert f"To make it small:  herd sim shrink {FORGETFUL} --seed 47" in lines
    assert re.fullmatch(r"\d seeds, 47 is the lowest that fails", lines[-2])
    assert re.match(r"\d\.\d s with \d at a time: [\d.]+ seeds/s, [\d.]+ seeds/s of one core; ", lines[-1])


def test_all_failures_for_programs() -> None:
    answer = told("seeds", FORGETFUL, "--first", "72", "--count", "12", "--all", "--jobs", "1")
    assert [each["seed"] for each in answer["failed"]] == [73, 82]
    assert {key: answer[key] for key in ("scenario", "first", "count", "tried", "passed")} == {
        "scenario": FORGETFUL,
        "first": 72,
        "count": 12,
        "tried": 12,
        "passed": 10,
    }


@pytest.mark.parametrize("what", ["run", "small"])
def test_a_trace_is_replayed(what: str, tmp_path: Path) -> None:
    trace = tmp_path / "x.trace"
    if what == "run":
        sim("run", FORGETFUL, "--seed", "47", "--set", "work#0=0.5", "--trace", trace)
    else:
        sim("shrink", FORGETFUL, "--seed", "47", "--trace", trace)
    done = sim("replay", trace)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.endswith("\n\nThe same history.\n")


def test_a_history_that_differs_is_shown_where_it_does(tmp_path: Path) -> None:
    trace = tmp_path / "x.trace"
    sim("run", FORGETFUL, "--seed", "47", "--until", "20", "--trace", trace)
    done = sim("replay", trace, "--scenario", COUNTER)
    assert done.exit_code == 0  # until the bug shows they are the same
    sim("run", FORGETFUL, "--seed", "47", "--trace", trace)
    copy = tmp_path / "other.py"
    copy.write_text(Path(COUNTER).read_text().replace("WORK_S = 0.5", "WORK_S = 0.25"))
    done = sim("replay", trace, "--scenario", copy)
    assert done.exit_code == 1
    told_first = re.search(r"\nAnother history: event (\d+) is the first that differs\.\n", done.stdout)
    assert told_first is not None
    then, now = done.stdout.splitlines()[-2:]
    assert re.match(r"then:  +[\d.]+  ", then)
    assert re.match(r" now:  +[\d.]+  counter +TIMER +LineOnlyReceiver\.sendLine", now)


def test_a_seed_is_replayed_and_compared_with_a_digest() -> None:
    digest = told("run", COUNTER, "--seed", "3")["digest"]
    assert told("replay", "3", "--scenario", COUNTER, "--digest", digest[:8])["same"] is True
    assert told("replay", "3", "--scenario", COUNTER, "--digest", "0" * 8)["same"] is False
    assert told("replay", "3", "--scenario", COUNTER)["same"] is None


def test_a_failure_is_made_small_and_the_test_that_is_printed_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = tmp_path / "test_small.py"
    done = sim("shrink", FORGETFUL, "--seed", "47", "--out", small)
    assert done.exit_code == 0
    assert done.stdout == small.read_text()
    assert re.match(r"15 steps made 2 in \d+ runs, [\d.]+ s; nothing in it can go\.\n", done.stderr)
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["herd.sim.testing"]\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(small)],
        env={**environment(), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        cwd=tmp_path,
    )
    assert result.returncode == 1
    assert f"{DOUBLE}: the counter shows 2, all additions make 1" in result.stdout


def test_a_small_history_for_programs() -> None:
    answer = told("shrink", FORGETFUL, "--seed", "47", "--jobs", "1")
    assert answer["check"] == DOUBLE
    assert (answer["before"], answer["whole"], answer["herd"]) == (15, True, herd.__version__)
    assert [re.sub(r"[\d.]+", "#", each) for each in answer["steps"]] == [
        'Step(#, Add("north"))',
        'Step(#, Partition(("north",)), for_s=#)',
    ]
    assert answer["python"].startswith("from herd.sim.engine.faults import Partition\n")


def test_what_passes_is_not_shrunk() -> None:
    done = sim("shrink", COUNTER, "--seed", "47")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "herd: no check fails with seed 47: there is nothing to shrink\n"


def test_hashes_are_fixed_unless_they_are_checked() -> None:
    environ = {key: value for key, value in environment().items() if key != "PYTHONHASHSEED"}
    digests = set()
    for _ in range(3):
        command = typed("run", SCENARIOS / "wandering.py", "--seed", "1", "--json")
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=LIMIT_S, check=True
        )
        digests.add(read(done.stdout)["digest"])
    assert len(digests) == 1


def test_a_draw_is_set_and_the_tape_shows_it(tmp_path: Path) -> None:
    tape = tmp_path / "tape"
    answer = told("run", COUNTER, "--seed", "5", "--set", "faults#0=0.0", "--tape", tape)
    assert answer["faults"] == 1
    first = next(line for line in tape.read_text().splitlines() if '"faults"' in line)
    assert json.loads(first) == {"label": "faults", "number": 0, "value": "0x0000000000000000", "share": 0.0}
    done = sim("run", COUNTER, "--seed", "5", "--set", "fault#0=0.0")
    assert done.stdout.endswith("\n--set changed nothing: no stream 'fault' was drawn from\n")


@pytest.mark.parametrize(
    ("form", "beginning"),
    [
        (None, "   0.000000  counter             HOST                   counter 10.0.0.1\n"),
        ("--text", "   0.000000  counter             HOST                   counter 10.0.0.1\n"),
        ("--json", '{"number":0,"time":"0.000000","time_ns":0,"kind":"HOST",'),
        ("--shiviz", "(?<time>"),
        ("--svg", "<svg "),
    ],
)
def test_a_trace_is_shown(form: str | None, beginning: str, tmp_path: Path) -> None:
    trace, out = tmp_path / "x.trace", tmp_path / "x.out"
    sim("run", COUNTER, "--seed", "3", "--until", "10", "--trace", trace)
    words = [] if form is None else [form]
    done = sim("trace", trace, *words)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith(beginning)
    assert sim("trace", trace, *words, "--out", out).stdout == ""
    assert out.read_text() == done.stdout


def test_a_part_of_a_trace_is_shown(tmp_path: Path) -> None:
    trace = tmp_path / "x.trace"
    sim("run", COUNTER, "--seed", "3", "--until", "10", "--trace", trace)
    done = sim("trace", trace, "--json", "--from", "1", "--to", "10", "--host", "west", "--host", "east")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {each["host"] for each in events} <= {"west", "east", None}
    assert all(1.0 <= float(each["time"]) <= 10.0 for each in events)
    assert usage_error("trace", trace, "--host", "wst").endswith(": did you mean west?")


LONE = """
import sys
from attrs import frozen
from herd.sim import Module, Scenario
from herd.sim.scenario import Step
{before}

def build(simulation):
    simulation.host("lone").start(Module("beside.it"))

scenario = Scenario(about="One host.", build=build, duration_s=1.0, {more})
"""


def lone(directory: Path, before: str = "", more: str = "") -> Path:
    """Write a scenario with a module beside it that its host runs."""
    (directory / "beside").mkdir()
    (directory / "beside" / "it.py").write_text("print('here')")
    file = directory / "lone.py"
    file.write_text(LONE.format(before=before, more=more))
    return file


def test_a_scenario_finds_what_lies_beside_it_from_anywhere(tmp_path: Path) -> None:
    file = lone(tmp_path, before="import beside.it")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("herd")), "sim", "run", str(file)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        cwd="/",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_module_beside_a_scenario_stands_in_for_one_of_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "string.py").write_text("raise ImportError('not the one')")
    monkeypatch.chdir(tmp_path)
    assert told("check", lone(tmp_path))["same"] is True


def test_seeds_without_a_history_cannot_be_checked(tmp_path: Path) -> None:
    file = lone(tmp_path, more="finish=lambda simulation: 1 / 0")
    assert usage_error("check", file, "--seed", "4").startswith("seed 4 has no history to compare: ")


def test_an_error_of_a_scenario_is_told_from_its_own_line_on(tmp_path: Path) -> None:
    done = sim("run", lone(tmp_path, before="def plan(chance):\n    return 1 / 0", more="plan=plan"))
    assert done.exit_code == 1
    text = done.stdout[done.stdout.index("Traceback") :].splitlines()
    assert [line.split(", line ")[0].strip() for line in text if " File " in line] == [
        f'File "{tmp_path}/lone.py"'
    ]


def test_a_plan_that_fails_is_not_shrunk(tmp_path: Path) -> None:
    file = lone(tmp_path, before="def plan(chance):\n    return 1 / 0", more="plan=plan")
    done = sim("shrink", file, "--seed", "1")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "herd: its plan fails with seed 1: ZeroDivisionError: division by zero\n"


def test_figures_may_be_anything_that_prints(tmp_path: Path) -> None:
    answer = told("run", lone(tmp_path, more='figures=lambda _: {"who": {3}}'))
    assert answer["figures"] == {"who": "{3}"}


def test_ctrl_c_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("herd.cli.sim.run.prepare", interrupt)
    done = sim("run", COUNTER)
    assert (done.exit_code, done.stderr) == (130, "Interrupted.\n")


def test_the_scenarios_that_come_along() -> None:
    done = sim("scenarios")
    assert re.search(
        r"^five-servers-quiet  +Five servers, and nothing goes wrong\.$", done.stdout, re.MULTILINE
    )
    listed = {each["name"]: each for each in json.loads(sim("scenarios", "--json").stdout)}
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(listed)
    assert set(listed["five-servers-quiet"]) == {"name", "about", "duration_s", "checks"}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["run", "nowhere", "--seed", "1"], "there is no scenario nowhere; there are "),
        (["run"], "Missing argument 'SCENARIO'."),
        (["run", COUNTER, "--seed", "1", "--until", "0"], "Invalid value for '--until': 0 s is no time"),
        (
            ["run", COUNTER, "--seed", "1", "--set", "x=1"],
            "Invalid value for '--set': 'x=1' is no LABEL#N=VALUE",
        ),
        (["run", COUNTER, "--seed", "1", "--trace", "/no/x"], "/no/x: No such file or directory"),
        (["run", COUNTER, "--seed", "1", "--publish", "a:1=2"], "--publish needs --realtime: "),
        (
            ["run", COUNTER, "--seed", "1", "--realtime", "--publish", "a:1"],
            "Invalid value for '--publish': ",
        ),
        (
            ["run", COUNTER, "--seed", "1", "--realtime", "--publish", "a:1=0"],
            "there is no host a to publish; ",
        ),
        (["seeds", COUNTER, "--count", "0"], "Invalid value for '--count': "),
        (["seeds", COUNTER, "--turns", "0"], "Invalid value for '--turns': "),
        (["seeds", COUNTER, "--limit", "0"], "Invalid value for '--limit': 0 s is no time: give more than 0"),
        (["replay", "3", "--scenario", COUNTER, "--digest", "xyz"], "'xyz' is no digest: give how it begins"),
        (["replay", "3", "--scenario", COUNTER, "--digest", ""], "'' is no digest: "),
        (["trace", COUNTER, "--svg", "--json"], "--svg or --json? Ask for one of them"),
        (["replay", "3"], "3 is a seed: say of what, with --scenario"),
        (["replay", COUNTER], f"{COUNTER}: this is not a trace of a simulation"),
        (["replay", "/no/trace"], "/no/trace: No such file or directory"),
        (["trace", COUNTER], f"{COUNTER}: this is not a trace of a simulation"),
        (["check", "nowhere"], "there is no scenario nowhere; there are "),
        (["shrink", "nowhere", "--seed", "1"], "there is no scenario nowhere; there are "),
    ],
)
def test_what_cannot_be_done_says_why(words: list[str], why: str) -> None:
    assert usage_error(*words).startswith(why)
