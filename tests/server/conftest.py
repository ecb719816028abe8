"""A herd in one line, stopped when the test is over: on real sockets, in virtual time, or in both.

A test that takes `running_herd` is played on real sockets, unless it is marked with `SIMULATED` (virtual time
alone: it waits for time to pass) or `BOTH` (its body makes sense in both). It asks `reactor` for the reactor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import pytest_twisted
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred

from herd.testing import LocalHerd, SimulatedPorts, start_herd
from tests.server.hosted import HostedHerd
from tests.stage import Stage, pytest_pyfunc_call, set_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    BuildHerd: TypeAlias = Callable[..., HostedHerd]
    RunningHerd: TypeAlias = Callable[..., Coroutine[Any, Any, LocalHerd]]

__all__ = ["BOTH", "SIMULATED", "pytest_pyfunc_call"]

SIMULATED = pytest.mark.grounds("simulated")
BOTH = pytest.mark.grounds("simulated", "real")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test its grounds."""
    mark = metafunc.definition.get_closest_marker("grounds")
    if mark is not None:
        metafunc.parametrize("ground", mark.args, indirect=True)


@pytest.fixture
def ground(request: pytest.FixtureRequest) -> str:
    """Where the test is played."""
    return str(getattr(request, "param", "real"))


@pytest.fixture
def stage(request: pytest.FixtureRequest, ground: str) -> Iterator[Stage | None]:
    """The stage of a test that is simulated; None on real sockets."""
    if ground == "simulated":
        yield from set_stage(request)
    else:
        yield None


@pytest.fixture
def reactor(stage: Stage | None) -> Any:
    """The reactor of the body: the simulated one or the real one."""
    return global_reactor if stage is None else stage.reactor


@pytest.fixture
def running_herd(tmp_path: Path, reactor: Any, stage: Stage | None) -> Iterator[RunningHerd]:
    """Start a herd with a topology and limits, linked; `herd.testing.start_herd` says what else it takes."""
    herds: list[LocalHerd] = []

    async def start(topology: str, **options: Any) -> LocalHerd:
        if stage is not None:
            options = {"ports": SimulatedPorts(), "wall_ns": stage.process.wall_ns, **options}
        herds.append(await start_herd(reactor, topology, tmp_path, **options))
        return herds[-1]

    yield start
    for herd in herds:
        if stage is None:
            pytest_twisted.blockon(Deferred.fromCoroutine(herd.stop()).addTimeout(10, reactor))
        else:
            stage.play(herd.stop)


@pytest.fixture
def hosted_herd() -> Iterator[BuildHerd]:
    """Build a simulated herd of what `twistd herd` runs, and link it; `HostedHerd` says what it takes."""
    herds: list[HostedHerd] = []

    def build(topology: str, **options: Any) -> HostedHerd:
        herds.append(HostedHerd(topology, **options))
        herds[-1].link_up()
        return herds[-1]

    yield build
    for herd in herds:
        herd.close()
