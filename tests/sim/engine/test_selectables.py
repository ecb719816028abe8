"""What has no simulated socket cannot be polled: an escape that names the program's line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from twisted.internet import inotify, stdio
from twisted.internet.abstract import FileDescriptor
from twisted.internet.protocol import Protocol

from herd.sim.engine.pins.escapes import Escape
from herd.sim.engine.programs import Call
from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def escaped() -> Iterator[Callable[[Callable[[Any], object]], str]]:
    """Call a function in a process that handles every error; return the escape that it was all the same."""
    simulation = Simulation(1)

    def escaped(function: Callable[[Any], object]) -> str:
        def call(reactor: Any) -> None:
            with pytest.raises(Escape):
                function(reactor)

        simulation.host("lone").start(Call(call))
        simulation.run(1)
        (problem,) = simulation.problems
        assert problem.is_escape
        return problem.text

    yield escaped
    simulation.close()


class Gauge(FileDescriptor):
    """Something that a program reads by a descriptor."""

    def fileno(self) -> int:
        return 3


@pytest.mark.parametrize("method", ["addReader", "addWriter"])
def test_a_descriptor_of_a_programs_own(escaped: Any, method: str) -> None:
    text = escaped(lambda reactor: getattr(reactor, method)(Gauge(reactor)))
    assert text.startswith(f"{__file__}:")
    assert f"calls reactor.{method}(Gauge)" in text


def test_standard_input(escaped: Any) -> None:
    text = escaped(lambda reactor: stdio.StandardIO(Protocol(), reactor=reactor))
    assert text.startswith(f"{__file__}:")
    assert "calls twisted.internet.stdio.StandardIO" in text


def test_changes_of_files(escaped: Any) -> None:
    text = escaped(inotify.INotify)
    assert text.startswith(f"{__file__}:")
    assert "calls twisted.internet.inotify.INotify" in text


def test_a_connection_that_has_been_closed_is_no_escape() -> None:
    simulation = Simulation(1)

    def call(reactor: Any) -> None:
        closed = Gauge(reactor)
        closed.disconnected = True
        with pytest.raises(ValueError, match="negative"):
            reactor.addReader(closed)

    process = simulation.host("lone").start(Call(call))
    simulation.run(1)
    assert (process.exit_code, simulation.problems) == (None, [])
    simulation.close()
