"""The beginnings of a chunk's AT lines beside those that are made one by one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herd.core.beginnings import beginnings
from herd.core.record import NS_PER_S, difference
from tests.core.strategies import NOW_NS, clocks

LARGEST_NS = 10**19 - 1

APART_NS = st.one_of(
    st.sampled_from([0, 1, 9, 10, 10**9 - 1, 10**9, 10**10 - 1, 10**10, 10**11, LARGEST_NS]),
    st.integers(0, 10 * NS_PER_S),
    st.integers(0, LARGEST_NS),
)


def time_of(time_ns: int) -> bytes:
    return b"%010d.%09d" % divmod(max(0, min(time_ns, LARGEST_NS)), NS_PER_S)


def one_by_one(prefix: bytes, now_ns: int, times: list[bytes]) -> list[bytes]:
    return [b"%b%b " % (prefix, difference(now_ns, time)) for time in times]


@given(
    now_ns=st.one_of(clocks(), st.sampled_from([10**18 - 1, 10**18, LARGEST_NS, LARGEST_NS + 1])),
    apart=st.lists(st.tuples(st.sampled_from([1, 1, 1, -1]), APART_NS), min_size=1, max_size=30),
    prefix=st.sampled_from([b"AT Alford ", b"AT Ball ", b"AT \\1\t ", "AT Ångström ".encode()]),
)
@example(now_ns=NOW_NS, apart=[(1, 3), (-1, 3)], prefix=b"AT \\g<0> ")
@example(
    now_ns=NOW_NS, apart=[(1, 61 * NS_PER_S)], prefix=b"AT Ball "
)  # as long as the zeros that it replaces
def test_they_are_those_that_are_made_one_by_one(
    now_ns: int, apart: list[tuple[int, int]], prefix: bytes
) -> None:
    times = [time_of(now_ns - sign * size_ns) for sign, size_ns in apart]
    assert beginnings(prefix, now_ns, times) == one_by_one(prefix, now_ns, times)


@pytest.mark.parametrize("count", [511, 512, 513, 1025])
def test_a_chunk_may_be_longer_than_the_longest_number(count: int) -> None:
    times = [time_of(NOW_NS - 3 * number * 10**7 + 10**9) for number in range(count)]
    assert beginnings(b"AT Alford ", NOW_NS, times) == one_by_one(b"AT Alford ", NOW_NS, times)
