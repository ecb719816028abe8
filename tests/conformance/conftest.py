"""`herd`: each test of the client protocol is played simulated, in this process, and with processes."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred

from herd.places.index import build_index
from herd.testing.processes import ProcessHerd
from tests.conformance.herds import Herd, end, local_herd, simulated_herd
from tests.conformance.places import PlacesServers, RealPlaces, SimulatedPlaces
from tests.stage import Stage, pytest_pyfunc_call, set_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from herd.config.model import Config

__all__ = ["pytest_pyfunc_call"]

reactor: Any = global_reactor

GROUNDS = ["simulated", "local", "processes"]
"""A test that starts a herd of its own is not played with processes: each would take seconds to start, and
what they run is what a simulated host runs."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test its grounds."""
    if "ground" in metafunc.fixturenames:
        grounds = GROUNDS[:2] if "herd_of" in metafunc.fixturenames else GROUNDS
        metafunc.parametrize("ground", grounds, indirect=True)


def wait(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return pytest_twisted.blockon(Deferred.fromCoroutine(coroutine))


@pytest.fixture(scope="session", autouse=True)
def places_index() -> None:
    """The index of places, built now if this machine has none, so that no answer waits for it."""
    build_index(os.environ)


@pytest.fixture(scope="session")
def process_herd() -> Iterator[ProcessHerd]:
    """Five processes, for all tests."""
    with ProcessHerd() as herd:
        yield herd


@pytest.fixture
def directory() -> Iterator[Path]:
    """A state directory whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="herd-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def ground(request: pytest.FixtureRequest) -> str:
    """Where the test is played."""
    return str(request.param)


@pytest.fixture
def stage(request: pytest.FixtureRequest, ground: str) -> Iterator[Stage | None]:
    """The stage of a test that is simulated; None on real sockets."""
    if ground == "simulated":
        yield from set_stage(request)
    else:
        yield None


@pytest.fixture
def herd(request: pytest.FixtureRequest, ground: str, stage: Stage | None, directory: Path) -> Iterator[Herd]:
    """The five servers of the specification."""
    stack = AsyncExitStack()
    if stage is not None:
        running: Herd = stage.play(lambda: simulated_herd(stage, directory))
    elif ground == "local":
        running = wait(stack.enter_async_context(local_herd(reactor, directory)))
    else:
        running = Herd(request.getfixturevalue("process_herd").config, reactor)
    yield running
    if stage is not None:
        stage.play(running.part)
        stage.play(lambda: end(stage))
    else:
        wait(running.part())
        wait(stack.aclose())


@pytest.fixture
def herd_of(stage: Stage | None, directory: Path) -> Iterator[Callable[[Config], Coroutine[Any, Any, Herd]]]:
    """Return a function that starts a herd with a configuration of the test's own."""
    stack = AsyncExitStack()

    async def start(config: Config) -> Herd:
        if stage is not None:
            stack.push_async_callback(end, stage)
            running = await simulated_herd(stage, directory, config)
        else:
            running = await stack.enter_async_context(local_herd(reactor, directory, config))
        stack.push_async_callback(running.part)
        return running

    yield start
    if stage is not None:
        stage.play(stack.aclose)
    else:
        wait(stack.aclose())


@pytest.fixture
def places(stage: Stage | None) -> Iterator[PlacesServers]:
    """Servers of the test's own that are asked for places."""
    if stage is not None:
        yield SimulatedPlaces(stage)
    else:
        with RealPlaces() as servers:
            yield servers


@pytest.fixture
def name(request: pytest.FixtureRequest) -> bytes:
    """A client id that no other test uses: the processes live through all of them."""
    return re.sub(r"\W+", "-", request.node.name).strip("-").encode()
