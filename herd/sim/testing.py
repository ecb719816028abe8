r"""Fixtures for pytest: simulations in tests, of herds or of any Twisted program.

    pytest_plugins = ["herd.sim.testing"]        # in the conftest.py at the root of the tests

`simulate` runs a scenario and fails the test with what its checks say, and with how to run it again:

    from herd.sim.testing import Simulate

    @pytest.mark.seeds(20)
    def test_the_chat_survives_partitions(simulate: Simulate, seed: int) -> None:
        simulate("scenarios/chat.py", seed=seed)

`@pytest.mark.seeds(count, first=0)` gives a test that takes `seed` so many of them, one after the other; each
is a test by itself: `test_...[seed7]`. Without the mark `seed` is 0.

`simulation` is an empty one to build in, for what a few hosts show; it is closed after the test, and the test
fails if a program has logged a failure that it did not handle:

    from herd.sim.engine.programs import Call
    from herd.sim.engine.simulation import Simulation

    def test_a_client_comes_back_after_a_crash(simulation: Simulation) -> None:
        server = simulation.host("server")
        server.start(Call(serve, 8000))           # serve(reactor, 8000)
        client = simulation.host("client").start(Call(talk, "server", 8000))
        simulation.run(5.0)
        server.kill()
        server.restart()
        simulation.run(10.0)
        assert "connected again\n" in client.output

A history is the same in each run as long as texts hash the same: run the tests with PYTHONHASHSEED=0, as the
command `herd sim` does for itself, if programs under test walk over sets.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

import pytest

from herd.sim.engine.simulation import Simulation
from herd.sim.explore.pasted import function
from herd.sim.explore.task import Task, perform
from herd.sim.scenario import Scenario, ScenarioError, load_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from herd.sim.explore.run import Outcome
    from herd.sim.scenario import Step

__all__ = ["Simulate", "pytest_configure", "pytest_generate_tests", "seed", "simulate", "simulation"]


class Simulate(Protocol):
    """What the fixture `simulate` is."""

    def __call__(
        self,
        scenario: str | Scenario | ModuleType,
        *,
        seed: int = 0,
        steps: Sequence[Step] | None = None,
        draws: Mapping[tuple[str, int], int] | None = None,
    ) -> Outcome:
        """Run a scenario (a shipped one's name, a file, one made here); fail if a check does.

        A module that `load_module` has read stands for its file, and is not read again.

        `steps` stand in for those that its plan draws, `draws` (label and number, 64 bits) for single draws.
        """


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", "seeds(count, first=0): run the test with so many values of `seed`.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that is marked its seeds."""
    mark = metafunc.definition.get_closest_marker("seeds")
    if mark is None:
        return
    if "seed" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.definition.nodeid} has seeds, but does not take `seed`")
    seeds = _seeds(*mark.args, **mark.kwargs)
    metafunc.parametrize("seed", seeds, ids=[f"seed{each}" for each in seeds])


def _seeds(count: int, first: int = 0) -> range:
    return range(first, first + count)


@pytest.fixture
def seed() -> int:
    """Return the seed of this test: 0, unless a mark says more."""
    return 0


@pytest.fixture
def simulate(request: pytest.FixtureRequest) -> Simulate:
    """Return a function that runs a scenario and fails the test if one of its checks does.

    A file is looked for in the working directory, beside the test, and at the root of all tests.
    """
    beside = (request.path.parent, request.config.rootpath)

    def run(
        scenario: str | Scenario | ModuleType,
        *,
        seed: int = 0,
        steps: Sequence[Step] | None = None,
        draws: Mapping[tuple[str, int], int] | None = None,
    ) -> Outcome:
        __tracebackhide__ = True
        if isinstance(scenario, str):
            scenario = _file_from(scenario, beside)
        name = _name(scenario)
        try:
            found = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        except ScenarioError as error:
            pytest.fail(str(error), pytrace=False)
        task = Task(
            scenario=name or "scenario",
            seed=seed,
            steps=None if steps is None else tuple(steps),
            overrides=dict(draws or {}),
        )
        outcome = perform(task, found).outcome
        if outcome.violations:
            pytest.fail(_told(task, outcome, named=name is not None), pytrace=False)
        return outcome

    return run


def _file_from(name: str, directories: Sequence[Path]) -> str:
    """Return a file's path from here, or the first that there is from one of these directories."""
    if name.endswith(".py") and not Path(name).exists():
        for directory in directories:
            if (directory / name).exists():
                return os.path.relpath(directory / name)
    return name


def _name(scenario: str | Scenario | ModuleType) -> str | None:
    """Return what the command line calls a scenario; None for one that was made here."""
    if isinstance(scenario, ModuleType):
        return os.path.relpath(str(scenario.__file__))
    return scenario if isinstance(scenario, str) else None


def _told(task: Task, outcome: Outcome, *, named: bool) -> str:
    lines = [f"{task.scenario if named else 'the scenario'} with seed {task.seed}, digest {outcome.digest}:"]
    lines += [f"  {each.check}: {each.text}" for each in outcome.violations]
    if task.steps is not None:
        lines += ["", "with these steps:", function(task.scenario, task.seed, task.steps).rstrip()]
    elif named:
        lines += [
            "",
            f"look into it:   herd sim run {task.scenario} --seed {task.seed} --trace failure.trace",
        ]
        lines += [f"make it small:  herd sim shrink {task.scenario} --seed {task.seed}"]
        if sys.flags.hash_randomization:
            lines += ["if that passes: sets are walked; run pytest with PYTHONHASHSEED=0"]
    return "\n".join(lines)


@pytest.fixture
def simulation(request: pytest.FixtureRequest, seed: int) -> Iterator[Simulation]:
    """Give an empty simulation with the test's seed; problems in it fail the test when it is over."""
    request.node.add_report_section("call", "simulation", f"seed {seed}")
    simulation = Simulation(seed)
    yield simulation
    simulation.find_unhandled()
    problems = [f"  at {each.time_ns / 1e9:.6f} s {each.host}: {each.text}" for each in simulation.problems]
    simulation.close()
    if problems:
        pytest.fail("\n".join([f"problems in the simulation with seed {seed}:", *problems]), pytrace=False)
