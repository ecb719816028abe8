"""What a clock shows, pure and compiled: the same to the nanosecond, in numbers as exact as Python's."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.sim.engine.twins import CHOSEN, PURE, Parts, both

TIMES_NS = st.integers(0, 10**15)
DRIFTS_PPM = st.one_of(st.just(0), st.integers(-900_000, 10_000_000))


@given(TIMES_NS, TIMES_NS, DRIFTS_PPM, st.integers(-(10**15), 10**15), st.integers(-(10**18), 2 * 10**18))
def test_both_show_the_same(
    now_ns: int, base_ns: int, drift_ppm: int, gained_ns: int, offset_ns: int
) -> None:
    shown = []
    for parts in (PURE, CHOSEN):
        clock = parts.Ticking()
        clock.base_ns, clock.gained_ns, clock.offset_ns = base_ns, gained_ns, offset_ns
        clock.drift_ppm = drift_ppm
        shown.append(
            (clock.monotonic_ns(now_ns), clock.wall_ns(now_ns), clock.true_ns(now_ns), clock.true_ns(-now_ns))
        )
    assert shown[0] == shown[1]


@given(st.integers(0, 2**61), st.integers(-(2**61), 2**61))
def test_seconds_are_rounded_once(now_ns: int, offset_ns: int) -> None:
    for parts in (PURE, CHOSEN):
        owner = standing_at(parts, now_ns, offset_ns)
        assert (owner.monotonic_ns(), owner.wall_ns()) == (now_ns, now_ns + offset_ns)
        assert (owner.monotonic_s(), owner.wall_s()) == (now_ns / 10**9, (now_ns + offset_ns) / 10**9)


def standing_at(parts: Parts, now_ns: int, offset_ns: int) -> Any:
    owner = parts.Owner()
    owner.simulation = parts.Timeline()
    owner.simulation.now_ns = now_ns
    owner.clock = parts.Ticking()
    owner.clock.offset_ns = offset_ns
    return owner


@both
def test_a_fast_clock_counts_a_span_sooner(parts: Parts) -> None:
    clock = parts.Ticking()
    clock.drift_ppm = 100_000
    assert clock.monotonic_ns(1_000_000_000) == 1_100_000_000
    assert clock.true_ns(1_100_000_000) == 1_000_000_000
    assert clock.true_ns(1) == 1
