"""How long a packet is under way, pure and compiled: one sequence of delays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herd.sim.engine.chance import Chance, Tape
from herd.sim.engine.network import Link
from herd.sim.engine.profile import Exponential, LogNormal, Profile, Uniform
from herd.sim.engine.simulation import Simulation
from tests.sim.engine.twins import CHOSEN, PURE, both

if TYPE_CHECKING:
    from herd.sim.engine.profile import Latency
    from tests.sim.engine.twins import Parts

SEEDS = st.integers(0, 2**128 - 1)


def delays(parts: Parts) -> Any:
    return parts.Delays(parts.Owner())


@both
def test_a_constant_delay_and_what_a_fault_adds(parts: Parts) -> None:
    link = delays(parts)
    link.be_constant(500_000)
    assert link.delay_ns(7, 100) == 500_000
    link.extra_ns = 1_000
    assert link.delay_ns(7, 100) == 501_000


@given(SEEDS, st.integers(0, 2**40), st.integers(0, 2**40), st.integers(0, 2**40))
def test_both_draw_the_same_between_two(seed: int, low_ns: int, more_ns: int, extra_ns: int) -> None:
    drawn = []
    for parts in (PURE, CHOSEN):
        link = delays(parts)
        link.extra_ns = extra_ns
        link.be_uniform(parts.Draws(seed), low_ns, low_ns + more_ns)
        drawn.append([link.delay_ns(0, 0) for _ in range(5)])
    assert drawn[0] == drawn[1]
    assert all(low_ns <= each - extra_ns <= low_ns + more_ns for each in drawn[0])


@given(SEEDS, st.floats(0.001, 10_000.0), st.floats(0.0, 3.0))
def test_both_draw_the_same_of_a_long_tail(seed: int, median_ms: float, sigma: float) -> None:
    drawn = []
    for parts in (PURE, CHOSEN):
        link = delays(parts)
        link.be_log_normal(parts.Draws(seed), median_ms, sigma)
        drawn.append([link.delay_ns(0, 0) for _ in range(20)])
    assert drawn[0] == drawn[1]


@both
def test_any_other_is_asked_for(parts: Parts) -> None:
    class Slower(parts.Delays):  # type: ignore[misc,name-defined]
        def other_delay_ns(self, now_ns: int, size: int) -> int:
            return now_ns * size

    link = Slower(parts.Owner())
    assert link.delay_ns(6, 7) == 42
    link.be_constant(1)
    link.be_other()
    assert link.delay_ns(2, 3) == 6


@pytest.mark.parametrize(
    "latency",
    [Uniform(1.0, 20.0), LogNormal(5.0, 0.5), Exponential(2.0, 0.5)],
    ids=lambda each: type(each).__name__,
)
def test_a_link_with_a_tape_draws_the_same(latency: Latency) -> None:
    simulation = Simulation(3)
    alford, ball = simulation.host("alford"), simulation.host("ball")
    drawn = []
    for tape in (None, Tape(record=[])):
        link = Link(alford, ball, Profile(latency=latency), Chance(9, tape), "link")
        drawn.append([link.delay_ns(0, 60) for _ in range(50)])
    assert drawn[0] == drawn[1]
    stream = Chance(9).stream("link")
    assert drawn[0] == [latency.draw_ns(stream) for _ in range(50)]
