"""A stage: a simulation in which the body of a test is one of the programs.

A body that was written for real sockets is played there as it is: what it waits for passes in virtual time,
`time.monotonic()` is the simulation's, and all that it connects to is simulated too. A `conftest.py` that has
such tests imports `pytest_pyfunc_call` from here; a fixture of theirs makes the stage with `set_stage`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from herd.sim.engine.profile import Profile

LIMIT_S: Final = 3600.0
"""How much virtual time a body may take: what waits for longer waits forever."""


class Stage:
    """A simulation, and in it a host named `test` with a process that plays bodies.

    The process begins with the environment of the test run.
    """

    def __init__(self, seed: int = 0, *, profile: Profile | None = None) -> None:
        self.simulation = Simulation(seed, profile=profile)
        self.host = self.simulation.host("test")
        self.process = self.host.start(Call(lambda _: None), environ=os.environ)
        self.simulation.run(0)

    @property
    def reactor(self) -> Any:
        """The reactor that bodies have."""
        return self.process.reactor

    @property
    def now_s(self) -> float:
        """Virtual seconds since the beginning."""
        return self.simulation.now_ns / 1e9

    def play(self, body: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run a body to its end; return what it returns, or raise what it raises."""
        outcome: list[Any] = []

        def begin() -> None:
            Deferred.fromCoroutine(body()).addBoth(outcome.append)

        self.simulation.schedule(self.simulation.now_ns, self.process, begin)
        self.simulation.run_while(lambda: not outcome and not self.simulation.problems, LIMIT_S)
        self.complain()
        assert outcome, f"it still waits after {self.now_s:.0f} s of virtual time"
        if isinstance(outcome[0], Failure):
            outcome[0].raiseException()
        return outcome[0]

    def complain(self) -> None:
        """Fail if a program has logged a failure, or reached for the real world."""
        problems = [
            f"at {each.time_ns / 1e9:.6f} s {each.host}: {each.text}" for each in self.simulation.problems
        ]
        self.simulation.problems.clear()
        if problems:
            pytest.fail("problems in the simulation:\n" + "\n".join(problems), pytrace=False)


STAGE: Final = pytest.StashKey[Stage]()


def set_stage(request: pytest.FixtureRequest, seed: int = 0) -> Iterator[Stage]:
    """Have the body of a test played on a stage: what a fixture yields from."""
    stage = request.node.stash[STAGE] = Stage(seed)
    yield stage
    del request.node.stash[STAGE]
    stage.simulation.close()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Play the body of a test that has a stage; leave all others to whoever runs them else."""
    stage = pyfuncitem.stash.get(STAGE, None)
    if stage is None:
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    stage.play(lambda: pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True
