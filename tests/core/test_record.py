"""The order of records, the difference and the moment of receipt, against exact fractions."""

from __future__ import annotations

import math
import re
from decimal import localcontext
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from herd.core.record import (
    NS_PER_S,
    compare_times,
    difference,
    is_newer,
    make_line,
    origin_of,
    origin_prefix,
    position_of,
    received_ns,
    time_of,
)
from tests.core.strategies import (
    NOW_NS,
    client_ids,
    clocks,
    digits,
    exact,
    order,
    plain_times,
    records,
    times,
)

EXAMPLE = b"AT Alford +0.263873386 kiwi.cs.ucla.edu +34.068930-118.445127 1479413884.392014450"


def line_of(*, origin: str = "Alford", now_ns: int = NOW_NS, client: bytes = b"kiwi", time: bytes) -> bytes:
    return make_line(origin_prefix(origin), now_ns, client, b"+34.068930-118.445127", time)


def test_the_example_of_the_specification() -> None:
    line = line_of(client=b"kiwi.cs.ucla.edu", time=b"1479413884.392014450")
    assert line == EXAMPLE
    assert origin_of(line) == b"Alford"
    assert position_of(line) == b"+34.068930-118.445127"
    assert time_of(line) == b"1479413884.392014450"
    assert received_ns(line) == NOW_NS


@pytest.mark.parametrize(
    ("now_ns", "time", "expected"),
    [
        (0, b"0", b"+0.000000000"),
        (10**9, b"1", b"+0.000000000"),
        (10**9, b"1.000000000", b"+0.000000000"),
        (10**9, b"1.000000001", b"-0.000000001"),
        (10**9, b"0.5", b"+0.500000000"),
        (10**9, b"12", b"-11.000000000"),
        (10**9, b"12.000000000", b"-11.000000000"),
        (0, b"0.0000000005", b"+0.000000000"),
        (0, b"0.00000000050", b"+0.000000000"),
        (0, b"0.0000000005000000000000000000000000000000001", b"-0.000000001"),
        (0, b"0.0000000015", b"-0.000000002"),
        (1, b"0.0000000005", b"+0.000000000"),
        (2, b"0.0000000005", b"+0.000000002"),
        (NOW_NS, b"0", b"+1479413884.655887836"),
        (0, b"9" * 5000, b"-" + b"9" * 5000 + b".000000000"),
    ],
)
def test_a_difference_is_signed_has_nine_decimals_and_rounds_half_to_even(
    now_ns: int, time: bytes, expected: bytes
) -> None:
    assert difference(now_ns, time) == expected


@given(clocks(), times())
@example(NOW_NS, b"1" * 40 + b".000000000")
def test_a_difference_is_exact(now_ns: int, time: bytes) -> None:
    text = difference(now_ns, time)
    assert re.fullmatch(rb"[+-](0|[1-9][0-9]*)\.[0-9]{9}", text)
    expected_ns = round(now_ns - exact(time) * NS_PER_S)
    assert exact(text) * NS_PER_S == expected_ns
    assert text.startswith(b"-" if expected_ns < 0 else b"+")


@given(times(), times())
def test_times_compare_as_exact_fractions(one: bytes, other: bytes) -> None:
    left, right = exact(one), exact(other)
    assert compare_times(one, other) == (left > right) - (left < right)
    assert compare_times(other, one) == -compare_times(one, other)
    assert compare_times(one, one) == 0


@given(times(), st.integers(0, 40), st.integers(0, 40))
def test_zeros_that_change_no_value_change_no_order(time: bytes, before: int, after: int) -> None:
    padded = b"0" * before + time + (b"." if b"." not in time else b"") + b"0" * (after + 1)
    assert compare_times(time, padded) == 0


@given(digits(1, 30), digits(1, 30), digits(1, 30))
def test_times_that_differ_beyond_the_nanosecond_differ(whole: bytes, fraction: bytes, tail: bytes) -> None:
    time = whole + b"." + fraction
    assert compare_times(time + tail + b"1", time) == 1
    assert compare_times(time, time + tail + b"1") == -1


@given(records(), records())
def test_any_two_records_are_equal_or_one_is_newer(one: bytes, other: bytes) -> None:
    assert [is_newer(one, other), one == other, is_newer(other, one)].count(True) == 1


@given(st.lists(records(), min_size=3, max_size=3))
def test_the_order_of_records_is_transitive(lines: list[bytes]) -> None:
    for one, two, three in permutations(lines):
        if is_newer(two, one) and is_newer(three, two):
            assert is_newer(three, one)


@given(records(), records())
def test_records_are_ordered_by_time_then_origin_then_bytes(one: bytes, other: bytes) -> None:
    assert is_newer(one, other) == (order(one) > order(other))


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        (line_of(time=b"2"), line_of(time=b"1.99999999999")),
        (line_of(time=b"10"), line_of(time=b"9")),
        (line_of(time=b"2", origin="Alford"), line_of(time=b"1", origin="Welsh")),
        (line_of(time=b"1", origin="Ball"), line_of(time=b"1.0", origin="Alford")),
        (line_of(time=b"1", origin="Ball", now_ns=0), line_of(time=b"1", origin="Bal", now_ns=NOW_NS)),
        (line_of(time=b"1", now_ns=2 * 10**9), line_of(time=b"1", now_ns=10**9)),
        (line_of(time=b"1.0", now_ns=10**9), line_of(time=b"1", now_ns=10**9)),
    ],
)
def test_which_of_two_records_is_newer(newer: bytes, older: bytes) -> None:
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


@given(client_ids(), plain_times(), clocks(), st.sampled_from(["Alford", "Ångström", "x"]))
def test_the_fields_of_a_line_are_those_that_made_it(
    client: bytes, time: bytes, now_ns: int, origin: str
) -> None:
    line = line_of(origin=origin, now_ns=now_ns, client=client, time=time)
    assert line.split(b" ")[3] == client
    assert origin_of(line) == origin.encode()
    assert position_of(line) == b"+34.068930-118.445127"
    assert time_of(line) == time


@given(clocks(), plain_times())
def test_a_plain_record_tells_exactly_when_it_was_received(now_ns: int, time: bytes) -> None:
    assert received_ns(line_of(now_ns=now_ns, time=time)) == now_ns


@given(clocks(), times())
def test_any_record_tells_when_it_was_received_to_the_nanosecond_below(now_ns: int, time: bytes) -> None:
    line = line_of(now_ns=now_ns, time=time)
    assert received_ns(line) == math.floor((exact(line.split(b" ")[2]) + exact(time)) * NS_PER_S)
    assert received_ns(line) in {now_ns - 1, now_ns}


@pytest.mark.parametrize("time", [b"1.000000000", b"1", b"0." + b"1" * 5000])
@pytest.mark.parametrize("whole", [b"1" * 31, b"1" * 4300, b"1" * 8000])
def test_a_neighbor_may_send_a_difference_of_any_length(whole: bytes, time: bytes) -> None:
    for sign in (b"+", b"-"):
        elapsed = sign + whole + b".000000000"
        line = b"AT Ball %b kiwi +1+1 %b" % (elapsed, time)
        assert received_ns(line) == math.floor((exact(elapsed) + exact(time)) * NS_PER_S)


def test_a_moment_before_1970_is_rounded_down_too() -> None:
    assert received_ns(b"AT Ball -1.000000000 kiwi +1+1 0.9999999995") == -1


def test_the_decimal_context_of_the_moment_does_not_matter() -> None:
    with localcontext(prec=2):
        assert difference(NOW_NS, b"0.5") == b"+1479413884.155887836"
        assert compare_times(b"123456.1", b"123456") == 1
        assert received_ns(line_of(time=b"0.5")) == NOW_NS


def test_exact_reads_what_fraction_reads() -> None:
    for numeral in ("0", "-12.50", "+1479413884.392014450", "7" * 2001):
        assert exact(numeral.encode()) == Fraction(numeral)
