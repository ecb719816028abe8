"""Scenarios that are small: a counter and its clients, right and wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

SCENARIOS = Path(__file__).with_name("scenarios")


@pytest.fixture
def counter() -> str:
    """A counter that is right."""
    return str(SCENARIOS / "counter.py")


@pytest.fixture
def forgetful() -> str:
    """A counter that counts a repeated request twice; 47 is the lowest seed that shows it."""
    return str(SCENARIOS / "forgetful.py")
