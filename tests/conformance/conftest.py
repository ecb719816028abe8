"""`herd`: every test of the client protocol runs against a herd in this process, and against one of processes."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_twisted
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred

from herd.places.index import build_index
from herd.testing.processes import ProcessHerd
from tests.conformance.herds import Herd, local_herd

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from herd.config.model import Config

reactor: Any = global_reactor

KINDS = ["local", "processes"]


def wait(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return pytest_twisted.blockon(Deferred.fromCoroutine(coroutine))


@pytest.fixture(scope="session")
def places_index() -> None:
    """The index of places, built now if this machine has none, so that no answer waits for it."""
    build_index(os.environ)


@pytest.fixture(scope="session")
def process_herd(places_index: None) -> Iterator[ProcessHerd]:
    """Five processes, for all tests."""
    with ProcessHerd() as herd:
        yield herd


@pytest.fixture
def directory() -> Iterator[Path]:
    """A state directory whose path is short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="herd-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(params=KINDS)
def herd(
    request: pytest.FixtureRequest, places_index: None, directory: Path
) -> Iterator[Herd]:
    """The five servers of the specification."""
    if request.param == "local":
        with local(directory) as running:
            yield running
        return
    processes: ProcessHerd = request.getfixturevalue("process_herd")
    running = Herd(processes.config, reactor)
    yield running
    wait(running.part())


@pytest.fixture(params=KINDS)
def herd_of(
    request: pytest.FixtureRequest, directory: Path
) -> Iterator[Callable[[Config], Herd]]:
    """Return a function that starts a herd with a configuration of the test's own."""
    with ExitStack() as stack:

        def start(config: Config) -> Herd:
            if request.param == "local":
                return stack.enter_context(local(directory, config))
            processes = stack.enter_context(ProcessHerd(config))
            running = Herd(processes.config, reactor)
            stack.callback(lambda: wait(running.part()))
            return running

        yield start


@contextmanager
def local(directory: Path, config: Config | None = None) -> Iterator[Herd]:
    """Run a herd in this process."""
    stack = AsyncExitStack()
    running: Herd = wait(stack.enter_async_context(local_herd(reactor, directory, config)))
    try:
        yield running
    finally:
        wait(running.part())
        wait(stack.aclose())


@pytest.fixture
def name(request: pytest.FixtureRequest) -> bytes:
    """A client id that no other test uses: the processes live through all of them."""
    return re.sub(r"\W+", "-", request.node.name).strip("-").encode()
