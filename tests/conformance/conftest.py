"""`herd`: each test of the client protocol has a herd in this process, then one of five processes."""

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
from tests.conformance.herds import Herd, local_herd

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from herd.config.model import Config

reactor: Any = global_reactor

KINDS = ["local", "processes"]


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


@pytest.fixture(params=KINDS)
def herd(request: pytest.FixtureRequest, directory: Path) -> Iterator[Herd]:
    """The five servers of the specification."""
    stack = AsyncExitStack()
    if request.param == "local":
        running: Herd = wait(stack.enter_async_context(local_herd(reactor, directory)))
    else:
        running = Herd(request.getfixturevalue("process_herd").config, reactor)
    yield running
    wait(running.part())
    wait(stack.aclose())


@pytest.fixture(params=KINDS)
def herd_of(
    request: pytest.FixtureRequest, directory: Path
) -> Iterator[Callable[[Config], Coroutine[Any, Any, Herd]]]:
    """Return a function that starts a herd with a configuration of the test's own."""
    stack = AsyncExitStack()

    async def start(config: Config) -> Herd:
        if request.param == "local":
            running = await stack.enter_async_context(local_herd(reactor, directory, config))
        else:
            running = Herd(stack.enter_context(ProcessHerd(config)).config, reactor)
        stack.push_async_callback(running.part)
        return running

    yield start
    wait(stack.aclose())


@pytest.fixture
def name(request: pytest.FixtureRequest) -> bytes:
    """A client id that no other test uses: the processes live through all of them."""
    return re.sub(r"\W+", "-", request.node.name).strip("-").encode()
