"""What the tests with programs that nobody here wrote share: a simulation, and where the programs are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from herd.sim.engine.simulation import Simulation

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = Path(__file__).with_name("twisted_examples")


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    """A simulation of the seed 1."""
    made = Simulation(1)
    yield made
    made.close()


@pytest.fixture
def examples() -> Path:
    """Where Twisted's own examples are, unchanged."""
    return EXAMPLES
