"""A run as data: through the header of a trace and back, with draws that are set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine.faults import Crash, Partition
from herd.sim.engine.tracefile import read_trace
from herd.sim.explore.task import HeaderError, Task, from_header, header, perform
from herd.sim.scenario import ScenarioError, Step, load_scenario

if TYPE_CHECKING:
    from pathlib import Path


def test_a_plain_run_needs_little_in_its_header() -> None:
    task = Task(scenario="five-servers-quiet", seed=7)
    assert header(task, "0.1.0") == {"scenario": "five-servers-quiet", "seed": 7, "herd": "0.1.0"}
    assert from_header(header(task, "0.1.0")) == task


def test_a_header_has_all_that_is_not_as_the_seed_would_have_it() -> None:
    steps = (Step(1.0, Crash("a"), for_s=2.0), Step(1.5, Partition(("a", "b"))))
    task = Task(scenario="x.py", seed=7, steps=steps, overrides={("link a>b", 3): 17}, until_s=9.5)
    told = header(task, "0.1.0")
    assert told == {
        "scenario": "x.py",
        "seed": 7,
        "herd": "0.1.0",
        "steps": ['Step(1.0, Crash("a"), for_s=2.0)', 'Step(1.5, Partition(("a", "b")))'],
        "classes": {"Crash": "herd.sim.engine.faults", "Partition": "herd.sim.engine.faults"},
        "set": {"link a>b#3": "0x11"},
        "until_s": 9.5,
    }
    assert from_header(json.loads(json.dumps(told))) == task
    assert from_header(told, "elsewhere.py").scenario == "elsewhere.py"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({}, "its header names no scenario and seed: it was not written by `herd sim run --trace`"),
        ({"scenario": "x.py"}, "its header names no scenario and seed: "),
        ({"scenario": "x.py", "seed": 1, "steps": ["nonsense("]}, "its header cannot be read: 'nonsense('"),
        (
            {"scenario": "x.py", "seed": 1, "set": {"a": "1"}},
            "its header cannot be read: 'a=1' is no LABEL#N",
        ),
    ],
)
def test_a_header_of_something_else_is_refused(told: dict[str, Any], why: str) -> None:
    with pytest.raises(HeaderError) as caught:
        from_header(told)
    assert str(caught.value).startswith(why)


def test_a_run_writes_its_trace_and_its_tape(counter: str, tmp_path: Path) -> None:
    trace, tape = tmp_path / "trace", tmp_path / "tape"
    told: list[tuple[float, float, int]] = []
    task = Task(scenario=counter, seed=5)
    done = perform(
        task,
        load_scenario(counter),
        trace_file=trace,
        tape_file=tape,
        version="0.1.0",
        tell=lambda *news: told.append(news),
    )
    assert read_trace(trace).digest == done.outcome.digest
    assert read_trace(trace).header == header(task, "0.1.0")
    assert done.outcome.digest == perform(task, load_scenario(counter)).outcome.digest
    draws = [json.loads(line) for line in tape.read_text().splitlines()]
    assert {"faults", "work"} < {each["label"] for each in draws}
    assert told[0][0] == 1.0
    assert told[-1][0] == done.outcome.virtual_s == pytest.approx(told[-1][1])
    assert told[-1][2] == done.outcome.events


def test_one_draw_that_is_set_changes_one_decision(counter: str) -> None:
    scenario = load_scenario(counter)
    before = perform(Task(scenario=counter, seed=5), scenario)
    after = perform(Task(scenario=counter, seed=5, overrides={("faults", 0): 0}), scenario)
    # The first draw is how many partitions there are.
    counts = [sum(each.for_s is not None for each in done.outcome.steps) for done in (before, after)]
    assert counts == [4, 1]
    work = [[each for each in done.outcome.steps if each.for_s is None] for done in (before, after)]
    assert [repr(each) for each in work[0]] == [repr(each) for each in work[1]]
    assert (before.undrawn, after.undrawn) == ((), ())


def test_a_draw_that_never_comes_is_told(counter: str) -> None:
    done = perform(Task(scenario=counter, seed=5, overrides={("fault", 0): 0}), load_scenario(counter))
    assert done.undrawn == ("no stream 'fault' was drawn from",)


def test_until_a_time_the_scenario_is_not_judged(counter: str) -> None:
    outcome = perform(Task(scenario=counter, seed=5, until_s=12.5), load_scenario(counter)).outcome
    assert (outcome.virtual_s, outcome.checked, outcome.violations) == (12.5, ("no problems",), ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "there is no scenario {file}; there are "),
        ("scenario = 3\n", "{file} has no `scenario = Scenario(...)` in it"),
        ("three = 3\n", "{file} has no `scenario = Scenario(...)` in it, and was not run"),
        (
            "import nothing_of_this_name\n\nscenario = 3\n",
            "{file}:1 cannot be read: ModuleNotFoundError: No module named ",
        ),
        (
            "import sys\n\nscenario = sys.exit()\n",
            "{file}:3 cannot be read: SystemExit: ",
        ),
    ],
)
def test_a_scenario_that_cannot_be_read_says_why(text: str | None, why: str, tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(str(file))
    assert str(caught.value).startswith(why.format(file=file))
