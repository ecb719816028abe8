"""The steps of every scenario that comes with herd can be written, read, and pasted."""

from __future__ import annotations

from typing import Any

import pytest

from herd.sim.explore.pasted import as_test
from herd.sim.explore.run import plan
from herd.sim.explore.writing import classes, python, read_step
from herd.sim.scenario import load_scenario, shipped


@pytest.mark.parametrize("name", shipped())
def test_steps_are_python_that_makes_them_again(name: str) -> None:
    steps = plan(load_scenario(name), 1)
    assert steps or name.endswith("quiet")
    modules = classes(steps)
    assert [read_step(python(step), modules) for step in steps] == steps
    told: list[tuple[str, int, Any]] = []
    namespace: dict[str, Any] = {}
    exec(as_test(name, 1, steps), namespace)
    pasted = namespace[f"test_{name.replace('-', '_')}_with_seed_1"]
    pasted(lambda scenario, *, seed, steps: told.append((scenario, seed, steps)))
    assert told == [(name, 1, steps)]
