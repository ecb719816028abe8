"""Filters of warnings, and how they are shown, are a process's own."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.pins.streams import hosted_streams
from herd.sim.engine.pins.warned import hosted_warnings
from tests.sim.engine.pins.hosting import Idle, hosted

if TYPE_CHECKING:
    from herd.sim.engine.process import Process
    from herd.sim.engine.simulation import Simulation


def mind() -> None:
    warnings.warn("mind", UserWarning, stacklevel=1)


def test_filters_are_a_processs_own(process: Process, simulation: Simulation) -> None:
    other = simulation.host("other").start(Idle())
    with hosted_warnings(), hosted_streams():
        with hosted(process):
            warnings.simplefilter("error")
            with pytest.raises(UserWarning, match="mind"):
                mind()
        with hosted(other):
            mind()
            mind()
    assert other.output == [
        f"{__file__}:20: UserWarning: mind\n",
        '  warnings.warn("mind", UserWarning, stacklevel=1)\n',
    ]
    with pytest.raises(UserWarning):  # as the configuration of these tests says
        mind()


def test_each_process_is_told_once(process: Process, simulation: Simulation) -> None:
    other = simulation.host("other").start(Idle())
    with hosted_warnings(), hosted_streams():
        for each in (process, other, process, other):
            with hosted(each):
                mind()
    assert len(process.output) == len(other.output) == 2


def test_how_they_are_shown(process: Process) -> None:
    shown: list[str] = []
    before = warnings.showwarning
    with hosted_warnings(), hosted_streams():
        with hosted(process):
            warnings.showwarning = lambda message, *_args, **_kwargs: shown.append(str(message))
            mind()
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                mind()
        assert warnings.showwarning is before
    assert shown == ["mind"]
    assert [str(each.message) for each in caught] == ["mind"]
    assert process.output == []
