"""What the tests of places share: a small world, surroundings, what was logged, and a provider's server."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
import pytest_twisted
from twisted.logger import ILogObserver, globalLogPublisher
from zope.interface import implementer

from herd.places.gazetteer import Entry, write_table
from herd.places.index import build_index
from herd.places.interfaces import Surroundings
from tests.places.standins import KEY, Everything, Provider, QuietSite, reactor, silence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from twisted.logger import LogEvent


class Hasty(random.Random):
    """Draws no waiting time before a retry."""

    def uniform(self, a: float, b: float) -> float:
        del a, b
        return 0.0


@pytest.fixture
def surroundings(tmp_path: Path) -> Surroundings:
    environ = {"HERD_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path), "HERD_GOOGLE_KEY": KEY}
    return Surroundings(reactor=reactor, random=Hasty(), environ=environ)


@pytest.fixture
def small_table(tmp_path: Path) -> Path:
    """A gazetteer of three places."""
    table = tmp_path / "small.tsv.xz"
    entries = [
        Entry("town", "5408522", "Westwood", 34.05612, -118.43063, "California, United States"),
        Entry("airport", "KLAX", "Los Angeles International Airport", 33.9425, -118.40805, "Los Angeles"),
        Entry("town", "3413829", "Reykjavík", 64.13548, -21.89541, "Iceland"),
    ]
    write_table(table, entries)
    return table


@pytest.fixture(scope="session")
def gazetteer_environ() -> dict[str, str]:
    """Variables that lead to the real index, which is built once on this machine, as `herd up` does."""
    return {"HERD_CACHE": str(build_index(os.environ).path.parent)}


@pytest.fixture
def logged() -> Iterator[list[LogEvent]]:
    """Every event that is logged during the test."""
    events: list[LogEvent] = []

    @implementer(ILogObserver)
    class Keeper:
        def __call__(self, event: LogEvent) -> None:
            events.append(event)

    keeper = Keeper()
    globalLogPublisher.addObserver(keeper)
    yield events
    globalLogPublisher.removeObserver(keeper)


@pytest_twisted.async_yield_fixture
async def provider() -> AsyncIterator[Provider]:
    """A server on 127.0.0.1 that is told what to do by its `behaviors`."""
    stand_in = Provider([silence])
    site = QuietSite(Everything(stand_in))
    stand_in.port = reactor.listenTCP(0, site, interface="127.0.0.1")
    yield stand_in
    await stand_in.port.stopListening()
