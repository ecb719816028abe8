"""Steps as Python, and back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from attrs import Factory, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine.faults import ClockStep, Crash, OneWay, Partition, SlowLink
from herd.sim.explore.writing import StepsError, classes, python, read_step
from herd.sim.scenario import Step

if TYPE_CHECKING:
    from herd.sim.engine.simulation import Simulation

FAULTS = "herd.sim.engine.faults"


@frozen
class Report:
    """An action that holds others, and has defaults."""

    who: str
    times: int = 1
    tags: list[str] = Factory(list)
    _where: tuple[float, float] = (0.0, 0.0)
    then: Any = field(default=None, kw_only=True)

    def begin(self, simulation: Simulation) -> None:
        """Report nothing."""

    def end(self, simulation: Simulation) -> None:
        """Take nothing back."""


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Step(1.25, Partition(("Ball",)), for_s=3.0), 'Step(1.25, Partition(("Ball",)), for_s=3.0)'),
        (Step(0.5, Crash("a")), 'Step(0.5, Crash("a"))'),
        (Step(2.0, OneWay("it's", 'a "b"')), """Step(2.0, OneWay("it's", 'a "b"'))"""),
        (Step(2.0, Report("x", tags=["y"])), 'Step(2.0, Report("x", tags=["y"]))'),
        (Step(2.0, Report("x", where=(1.0, -2.5))), 'Step(2.0, Report("x", where=(1.0, -2.5)))'),
        (Step(2.0, Report("x", 3, then=Crash("b"))), 'Step(2.0, Report("x", 3, then=Crash("b")))'),
        (Step(2.0, Report("x", then={b"k": None})), 'Step(2.0, Report("x", then={b"k": None}))'),
    ],
)
def test_a_step_is_python_that_makes_it_again(step: Step, text: str) -> None:
    assert python(step) == text.replace('b"k"', "b'k'")
    assert read_step(python(step), classes([step])) == step


def test_the_classes_of_actions_are_found_inside_them_too() -> None:
    steps = [Step(1.0, Report("x", then=[SlowLink("a", "b", 2.0)])), Step(2.0, Crash("a"))]
    assert classes(steps) == {"Crash": FAULTS, "Report": Report.__module__, "SlowLink": FAULTS}


@given(
    at_s=st.floats(0, 1e6),
    by_s=st.floats(allow_nan=False),
    for_s=st.none() | st.floats(0, 100),
    host=st.text(),
)
def test_what_is_written_is_read(at_s: float, by_s: float, for_s: float | None, host: str) -> None:
    step = Step(at_s, ClockStep(host, by_s), for_s)
    if abs(by_s) != float("inf"):
        assert read_step(python(step), classes([step])) == step


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Step(1.0", "'Step(1.0' is no step: '(' was never closed"),
        ("3", "'3' is no step"),
        ("Step(1.0, Crash())", "'Step(1.0, Crash())' is no step: "),
        ("Step(1.0, print('x'))", "the scenario has no print (of nowhere) to make "),
        ("Step(1.0, os.system('x'))", "is no step: os.system('x') is no literal"),
        ("Step(1.0, Crash(*['a']))", "is no step: *['a'] is no literal"),
        ("Step(1.0, Crash(**{}))", "is no step: it unpacks arguments"),
        ("Step(1.0, system('x'))", "the scenario has no system (of os) to make "),
        ("Step(1.0, Popen('x'))", "the scenario has no Popen (of subprocess) to make "),
        ("Step(1.0, [each for each in ()])", "is no literal"),
    ],
)
def test_other_text_is_refused_and_never_run(text: str, why: str) -> None:
    assert "subprocess" in sys.modules  # it is there, and is no action
    with pytest.raises(StepsError) as caught:
        read_step(text, {"Crash": FAULTS, "system": "os", "Popen": "subprocess"})
    assert why in str(caught.value)
