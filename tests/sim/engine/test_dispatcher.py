"""What a pin without arguments calls, pure and compiled: the original for all but the hosted program."""

from __future__ import annotations

from functools import update_wrapper
from threading import get_ident
from typing import TYPE_CHECKING, Any

import pytest

from herd.sim.engine import current
from tests.sim.engine.twins import both, its_turn

if TYPE_CHECKING:
    from tests.sim.engine.twins import Parts


def real() -> str:
    """Tell of the real world."""
    return "real"


def inside(process: Any) -> tuple[str, Any]:
    return "inside", process


@both
def test_whose_turn_it_is_decides(parts: Parts) -> None:
    asked: Any = parts.Dispatcher(real, inside)
    process: Any = parts.Owner()
    assert asked() == "real"
    with its_turn(process):
        told = asked()
    assert told == ("inside", process)


@both
def test_other_threads_live_in_the_real_world(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Any = parts.Dispatcher(real, inside)
    monkeypatch.setattr(current, "thread", get_ident() + 1)
    with its_turn(parts.Owner()):
        told = asked()
    assert told == "real"


@both
def test_it_takes_no_arguments_of_a_program_and_tells_of_the_original(parts: Parts) -> None:
    asked: Any = update_wrapper(parts.Dispatcher(real, inside), real)
    assert (asked.__name__, asked.__doc__, asked.__wrapped__) == ("real", "Tell of the real world.", real)
    with pytest.raises(TypeError), its_turn(parts.Owner()):
        asked(1)
