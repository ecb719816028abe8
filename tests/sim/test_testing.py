"""The fixtures for users: each test here runs pytest on a suite of theirs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from herd.sim.engine.faults import Partition
from herd.sim.explore.pasted import as_test
from herd.sim.explore.task import Task, perform
from herd.sim.scenario import Step, load_module, load_scenario

Run = Callable[..., pytest.RunResult]

SCENARIOS = Path(__file__).parent / "explore" / "scenarios"
FORGETFUL = SCENARIOS / "forgetful.py"
COUNTER = SCENARIOS / "counter.py"


@pytest.fixture
def run_suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a file of tests, in a process of its own, and returns what was printed."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.setenv("COLUMNS", "160")
    pytester.makeconftest('pytest_plugins = ["herd.sim.testing"]')
    pytester.makeini("[pytest]\naddopts = --strict-markers -p no:cacheprovider\nfilterwarnings = error\n")

    def run(text: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(test_theirs=text)
        return pytester.runpytest_subprocess(*arguments)

    return run


def test_a_scenario_that_is_right_passes_with_each_seed(run_suite: Run) -> None:
    result = run_suite(
        f"""
        import pytest

        @pytest.mark.seeds(3, first=5)
        def test_it(simulate, seed):
            outcome = simulate({str(COUNTER)!r}, seed=seed)
            assert outcome.seed == seed
            assert outcome.virtual_s >= 60.0
        """,
        "-v",
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        ["*::test_it?seed5? PASSED*", "*::test_it?seed6? PASSED*", "*::test_it?seed7? *"]
    )


def test_a_check_that_fails_fails_the_test_and_says_how_to_go_on(run_suite: Run) -> None:
    result = run_suite(
        f"""
        def test_it(simulate):
            simulate({str(FORGETFUL)!r}, seed=47)
        """
    )
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert re.search(rf"{re.escape(str(FORGETFUL))} with seed 47, digest [0-9a-f]{{32}}:", text)
    assert "  nothing is lost or counted twice: the counter shows 70, all additions make 68\n" in text
    assert f"look into it:   herd sim run {FORGETFUL} --seed 47 --trace failure.trace\n" in text
    assert f"make it small:  herd sim shrink {FORGETFUL} --seed 47\n" in text
    assert "PYTHONHASHSEED" not in text
    assert "Traceback" not in text


def test_a_scenario_beside_its_test_is_found_from_anywhere(run_suite: Run, pytester: pytest.Pytester) -> None:
    below = pytester.mkdir("below")
    (below / "noted.py").write_text(NOTED)
    (below / "test_noted.py").write_text("def test_it(simulate):\n    simulate('noted.py', seed=3)\n")
    result = run_suite("")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["below/noted.py with seed 3, digest *", "  nothing is noted: a"])


def test_a_failure_that_no_deferred_handles_fails_a_test_with_a_simulation(run_suite: Run) -> None:
    result = run_suite(
        """
        from twisted.internet import task
        from herd.sim.engine.programs import Call

        def fail(reactor):
            task.deferLater(reactor, 1).addCallback(lambda _: 1 / 0)

        def test_it(simulation):
            simulation.host("a").start(Call(fail))
            simulation.run(2)
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    assert "at 1.000001 s a: Unhandled error in Deferred:" in result.stdout.str()


def test_the_history_is_that_of_the_command(run_suite: Run) -> None:
    digest = perform(Task(scenario=str(COUNTER), seed=9), load_scenario(str(COUNTER))).outcome.digest
    result = run_suite(
        f"""
        from herd.sim.scenario import load_scenario

        def test_it(simulate):
            assert simulate({str(COUNTER)!r}, seed=9).digest == {digest!r}
            assert simulate(load_scenario({str(COUNTER)!r}), seed=9).digest == {digest!r}
        """
    )
    result.assert_outcomes(passed=1)


def test_a_small_history_fails_as_it_was_pasted(run_suite: Run) -> None:
    add = load_module(str(COUNTER)).Add
    steps = [Step(0.0, add("north")), Step(0.1, Partition(("north",)), for_s=2.0)]
    result = run_suite(as_test(str(FORGETFUL), 47, steps))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*  nothing is lost or counted twice: the counter shows 2, all additions make 1*"]
    )
    result.stdout.fnmatch_lines(["*Step(0.1, Partition(*north*), for_s=2.0),*"])


NOTED = """
from attrs import frozen
from herd.sim import Scenario
from herd.sim.scenario import Step

noted = []

@frozen
class Note:
    text: str

    def begin(self, simulation):
        noted.append(self.text)

    def end(self, simulation):
        pass

scenario = Scenario(
    about="What a step does is kept in a global.",
    build=lambda simulation: simulation.host("lone"),
    duration_s=1.0,
    plan=lambda chance: [Step(0.5, Note("a"))],
    checks={"nothing is noted": lambda simulation: noted},
)
"""


def test_what_its_steps_keep_in_a_global_is_what_its_checks_find(
    run_suite: Run, pytester: pytest.Pytester
) -> None:
    file = pytester.path / "noted.py"
    file.write_text(NOTED)
    noted = load_module(str(file))
    text = as_test(str(file), 3, [Step(0.5, noted.Note("b"))])
    assert "\n    simulate(\n        noted,\n        seed=3,\n" in text
    result = run_suite(text)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["noted.py with seed 3, digest *", "  nothing is noted: b"])


def test_a_draw_can_be_set(run_suite: Run) -> None:
    result = run_suite(
        f"""
        def test_it(simulate):
            outcome = simulate({str(COUNTER)!r}, seed=5, draws={{("faults", 0): 0}})
            assert sum(step.for_s is not None for step in outcome.steps) == 1
        """
    )
    result.assert_outcomes(passed=1)


def test_a_scenario_that_is_not_there_fails_in_a_line(run_suite: Run) -> None:
    result = run_suite('def test_it(simulate):\n    simulate("nowhere.py")\n')
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["there is no scenario nowhere.py; there are *"])


def test_an_empty_simulation_to_build_in(run_suite: Run) -> None:
    result = run_suite(
        """
        import pytest
        from twisted.internet.protocol import Factory
        from twisted.protocols.wire import Echo
        from herd.sim.engine.programs import Call

        @pytest.mark.seeds(2)
        def test_it(simulation, seed):
            assert simulation.seed == seed
            host = simulation.host("server")
            host.start(Call(lambda reactor: reactor.listenTCP(7, Factory.forProtocol(Echo))))
            simulation.run(5.0)
            assert simulation.now_ns == 5_000_000_000
        """
    )
    result.assert_outcomes(passed=2)


def test_problems_in_a_simulation_fail_its_test_and_the_seed_is_told(run_suite: Run) -> None:
    result = run_suite(
        """
        import pytest
        from herd.sim.engine.programs import Call

        def breaks(reactor):
            reactor.callLater(1, lambda: 1 / 0)

        @pytest.mark.seeds(1, first=3)
        def test_it(simulation, seed):
            simulation.host("server").start(Call(breaks))
            simulation.run(5.0)

        @pytest.mark.seeds(1, first=3)
        def test_that(simulation, seed):
            assert simulation.now_ns == 1
        """
    )
    result.assert_outcomes(passed=1, failed=1, errors=1)
    text = result.stdout.str()
    assert "problems in the simulation with seed 3:\n  at 1.000001 s server: " in text
    assert "ZeroDivisionError: division by zero" in text
    result.stdout.fnmatch_lines(["*Captured simulation call*", "seed 3"])


def test_seeds_for_a_test_that_takes_none_are_an_error(run_suite: Run) -> None:
    result = run_suite("import pytest\n\n@pytest.mark.seeds(3)\ndef test_it(simulate):\n    pass\n")
    result.stdout.fnmatch_lines(["*test_theirs.py::test_it has seeds, but does not take `seed`*"])
