"""A herd on real sockets in one line, stopped when the test is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import pytest_twisted
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred

from herd.testing import LocalHerd, start_herd

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    RunningHerd: TypeAlias = Callable[..., Coroutine[Any, Any, LocalHerd]]

reactor: Any = global_reactor


@pytest.fixture
def running_herd(tmp_path: Path) -> Iterator[RunningHerd]:
    """Start a herd with a topology and limits, linked; `herd.testing.start_herd` says what else it takes."""
    herds: list[LocalHerd] = []

    async def start(topology: str, **options: Any) -> LocalHerd:
        herds.append(await start_herd(reactor, topology, tmp_path, **options))
        return herds[-1]

    yield start
    for herd in herds:
        pytest_twisted.blockon(Deferred.fromCoroutine(herd.stop()).addTimeout(10, reactor))
