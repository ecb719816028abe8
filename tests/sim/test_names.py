"""What a scenario file needs most can be had from `herd.sim`."""

from __future__ import annotations

import pytest

import herd.sim
from herd.sim import scenario
from herd.sim.engine import profile, programs


def test_names_are_those_of_the_modules_beneath() -> None:
    assert herd.sim.Scenario is scenario.Scenario
    assert herd.sim.Script is programs.Script
    assert herd.sim.Uniform is profile.Uniform
    assert [name for name in herd.sim.__all__ if not hasattr(herd.sim, name)] == []


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Herd'"):
        _ = herd.sim.Herd
